import { randomBytes } from 'node:crypto'

import type { User } from './users.ts'

/** Somebody who is logged in. */
export interface LoginSession {
  readonly user: User
  /** What a page must send back with every change, so that no other site can have it made. */
  readonly csrfToken: string
  /** Milliseconds of the clock at which it ends. */
  readonly until: number
}

const MAX_SESSIONS = 10_000
const TOKEN_BYTES = 32

/** Who is logged in, by the secret in their cookie. Kept in memory: a restart logs everybody out. */
export class Sessions {
  readonly #lifetimeMs: number
  readonly #now: () => number
  /** Oldest first. */
  readonly #byToken = new Map<string, LoginSession>()

  constructor(lifetimeMs: number, now: () => number) {
    this.#lifetimeMs = lifetimeMs
    this.#now = now
  }

  get count(): number {
    return this.#byToken.size
  }

  /** Begins a session; returns the secret for the cookie. The oldest ends when there are too many. */
  begin(user: User): string {
    this.#forgetOld()
    const token = randomBytes(TOKEN_BYTES).toString('base64url')
    const csrfToken = randomBytes(TOKEN_BYTES).toString('base64url')
    this.#byToken.set(token, { user, csrfToken, until: this.#now() + this.#lifetimeMs })
    return token
  }

  find(token: string): LoginSession | undefined {
    const session = this.#byToken.get(token)
    if (session === undefined || session.until > this.#now()) return session
    this.#byToken.delete(token)
    return undefined
  }

  end(token: string): void {
    this.#byToken.delete(token)
  }

  #forgetOld(): void {
    // All live equally long, so those that are over come first.
    for (const [token, { until }] of this.#byToken) {
      if (until > this.#now() && this.#byToken.size < MAX_SESSIONS) break
      this.#byToken.delete(token)
    }
  }
}
