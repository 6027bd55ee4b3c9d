// Who asks, and whether they may.

import { HttpError, type HttpRequest } from '@tsq/daemon'

import type { Role, Session as SessionAnswer } from '../api.ts'
import type { NsqadminOptions } from '../options.ts'
import { isPassword } from './password.ts'
import { LoginLimit } from './login-limit.ts'
import { isAtLeast } from './roles.ts'
import { isCrossSite } from './same-site.ts'
import { type LoginSession, Sessions } from './sessions.ts'
import type { User } from './users.ts'

/** Who asks. */
export interface Identity {
  /** Empty for somebody who is not named. */
  readonly user: string
  /** Undefined for somebody who has to log in first. */
  readonly role: Role | undefined
  readonly csrfToken: string
}

export const SESSION_COOKIE = 'nsqadmin_session'
/** Each takes a thread of the pool for some 50 ms. */
const MAX_LOGINS_AT_A_TIME = 4

type Options = Pick<
  NsqadminOptions,
  'adminUsers' | 'operatorUsers' | 'aclHttpHeader' | 'readOnly' | 'sessionLifetimeMs'
>

/**
 * Tells people apart in one of three ways: not at all (everybody may do everything), by the header that a proxy sets,
 * or by a login of its own.
 */
export class Gatekeeper {
  readonly mode: SessionAnswer['mode']
  readonly #options: Options
  readonly #users: ReadonlyMap<string, User>
  readonly #sessions: Sessions
  readonly #limit: LoginLimit
  #loginsNow = 0

  constructor(options: Options, users: readonly User[], now: () => number = Date.now) {
    this.#options = options
    this.#users = new Map(users.map((user) => [user.name, user]))
    this.#sessions = new Sessions(options.sessionLifetimeMs, now)
    this.#limit = new LoginLimit(now)
    const isByHeader = options.adminUsers.length + options.operatorUsers.length > 0
    this.mode = users.length > 0 ? 'login' : isByHeader ? 'header' : 'open'
  }

  get isReadOnly(): boolean {
    return this.#options.readOnly
  }

  get sessionCount(): number {
    return this.#sessions.count
  }

  identify(request: HttpRequest): Identity {
    if (this.mode === 'login') {
      const session = this.#sessionOf(request)
      if (session === undefined) return { user: '', role: undefined, csrfToken: '' }
      const { user, csrfToken } = session
      return { user: user.name, role: user.role, csrfToken }
    }
    const user = this.#headerOf(request)
    const role = this.mode === 'open' ? 'admin' : this.#roleByHeader(user)
    return { user, role, csrfToken: '' }
  }

  /** For what only shows. @throws {HttpError} 401 `LOGIN_REQUIRED`, 403 `FORBIDDEN` */
  mayRead(request: HttpRequest, needed: Role = 'viewer'): Identity {
    const identity = this.identify(request)
    if (identity.role === undefined) throw new HttpError(401, 'LOGIN_REQUIRED')
    if (!isAtLeast(identity.role, needed)) throw new HttpError(403, 'FORBIDDEN')
    return identity
  }

  /** As `mayRead`, asked again while a stream lasts: whoever logged out sees no more. */
  mayStillRead(request: HttpRequest, needed: Role = 'viewer'): boolean {
    return isAtLeast(this.identify(request).role, needed)
  }

  /**
   * For what changes something.
   *
   * @throws {HttpError} 401 `LOGIN_REQUIRED`; 403 `READ_ONLY`, `CROSS_SITE_REQUEST`, `FORBIDDEN`, or
   * `BAD_CSRF_TOKEN` where people log in.
   */
  mayChange(request: HttpRequest, needed: Role): Identity {
    if (isCrossSite(request)) throw new HttpError(403, 'CROSS_SITE_REQUEST')
    const identity = this.mayRead(request, needed)
    if (this.isReadOnly) throw new HttpError(403, 'READ_ONLY')
    this.#checkToken(request, identity)
    return identity
  }

  /**
   * Logs somebody in; returns the secret for the cookie.
   *
   * @throws {HttpError} 401 `BAD_LOGIN`, 404 where nobody logs in, 429 `TOO_MANY_ATTEMPTS`
   */
  async logIn(request: HttpRequest, name: string, password: string): Promise<string> {
    if (isCrossSite(request)) throw new HttpError(403, 'CROSS_SITE_REQUEST')
    if (this.mode !== 'login') throw new HttpError(404, 'NO_LOGIN')
    const { remoteAddress } = request
    if (this.#limit.waitMs(remoteAddress, name) > 0 || this.#loginsNow >= MAX_LOGINS_AT_A_TIME) {
      throw new HttpError(429, 'TOO_MANY_ATTEMPTS')
    }
    // A name that nobody has takes as long as one that somebody has.
    const known = this.#users.get(name)
    const [anybody] = this.#users.values()
    const { hash } = known ?? anybody!
    this.#loginsNow += 1
    const isRight = await isPassword(password, hash).finally(() => (this.#loginsNow -= 1))
    if (known === undefined || !isRight) {
      this.#limit.failed(remoteAddress, name)
      throw new HttpError(401, 'BAD_LOGIN')
    }
    this.#limit.succeeded(remoteAddress, name)
    return this.#sessions.begin(known)
  }

  /** @throws {HttpError} 403 */
  logOut(request: HttpRequest): void {
    if (isCrossSite(request)) throw new HttpError(403, 'CROSS_SITE_REQUEST')
    this.#checkToken(request, this.identify(request))
    const token = cookieIn(request)
    if (token !== undefined) this.#sessions.end(token)
  }

  #checkToken({ headers }: HttpRequest, { csrfToken }: Identity): void {
    if (csrfToken !== '' && headers['x-csrf-token'] !== csrfToken) {
      throw new HttpError(403, 'BAD_CSRF_TOKEN')
    }
  }

  #roleByHeader(user: string): Role {
    const { adminUsers, operatorUsers } = this.#options
    if (adminUsers.includes(user)) return 'admin'
    return operatorUsers.includes(user) ? 'operator' : 'viewer'
  }

  #headerOf({ headers }: HttpRequest): string {
    const value = headers[this.#options.aclHttpHeader.toLowerCase()]
    return (Array.isArray(value) ? value[0] : value) ?? ''
  }

  #sessionOf(request: HttpRequest): LoginSession | undefined {
    const token = cookieIn(request)
    return token === undefined ? undefined : this.#sessions.find(token)
  }
}

function cookieIn({ headers }: HttpRequest): string | undefined {
  for (const part of (headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=')
    if (name === SESSION_COOKIE && value !== undefined && value !== '') return value
  }
  return undefined
}
