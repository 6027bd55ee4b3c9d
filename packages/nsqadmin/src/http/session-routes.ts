import { HttpError, HttpReply, goJson, type HttpRequest, JSON_TYPE, type Route } from '@tsq/daemon'
import type { ClusterInfo } from '@tsq/clusterinfo'

import { schemeOf } from '../actions/actions.ts'
import type { Audit } from '../actions/audit.ts'
import type { Session } from '../api.ts'
import { type Gatekeeper, type Identity, SESSION_COOKIE } from '../auth/gatekeeper.ts'
import type { NsqadminOptions } from '../options.ts'
import { NSQ_VERSION } from '../version.ts'
import { jsonBody } from './params.ts'

/** As long as the names of `--user` may be. */
const MAX_NAME_LENGTH = 64

export interface SessionContext {
  readonly cluster: ClusterInfo
  readonly gatekeeper: Gatekeeper
  readonly options: NsqadminOptions
  readonly basePath: string
  readonly audit: Audit
}

/** Who asks, logging in and logging out. */
export function sessionRoutes(context: SessionContext): Route[] {
  const { gatekeeper } = context
  return [
    {
      method: 'GET',
      path: '/api/session',
      quiet: true,
      handle: (request) => sessionOf(context, gatekeeper.identify(request)),
    },
    { method: 'POST', path: '/api/login', handle: (request) => logIn(context, request) },
    {
      method: 'POST',
      path: '/api/logout',
      handle: (request) => {
        gatekeeper.logOut(request)
        return withCookie(context, request, '', 0, { message: '' })
      },
    },
  ]
}

function sessionOf(
  { cluster, gatekeeper, options }: SessionContext,
  { user, role, csrfToken }: Identity,
): Session {
  return {
    user,
    ...(role === undefined ? {} : { role }),
    mode: gatekeeper.mode,
    read_only: gatekeeper.isReadOnly,
    csrf_token: csrfToken,
    version: NSQ_VERSION,
    // Whoever has not logged in is told nothing of the cluster.
    lookupds: role === undefined ? [] : cluster.lookupds,
    nsqds: role === undefined ? [] : cluster.nsqds,
    graphite: options.graphiteUrl !== '',
  }
}

async function logIn(context: SessionContext, request: HttpRequest): Promise<HttpReply> {
  const { user, password } = jsonBody(request.body)
  const isUsable = typeof user === 'string' && user.length <= MAX_NAME_LENGTH
  if (!isUsable || typeof password !== 'string') {
    throw new HttpError(400, 'INVALID_BODY')
  }
  const { audit, gatekeeper } = context
  const note = (ok: boolean, message: string): void =>
    audit.add({ time: Date.now(), user, remote: request.peer, action: 'login', ok, message })
  const token = await gatekeeper.logIn(request, user, password).catch((error: unknown) => {
    // Only what was tried: refusals alone would push actions out of the list.
    if (error instanceof HttpError && error.status === 401) note(false, error.message)
    throw error
  })
  note(true, '')
  const seconds = Math.floor(context.options.sessionLifetimeMs / 1_000)
  return withCookie(context, request, token, seconds, { message: '' })
}

function withCookie(
  { basePath }: SessionContext,
  request: HttpRequest,
  token: string,
  seconds: number,
  json: object,
): HttpReply {
  const parts = [
    `${SESSION_COOKIE}=${token}`,
    `Path=${basePath === '' ? '/' : basePath}`,
    `Max-Age=${seconds}`,
    'HttpOnly',
    'SameSite=Strict',
    ...(schemeOf(request) === 'https' ? ['Secure'] : []),
  ]
  return new HttpReply({
    contentType: JSON_TYPE,
    body: goJson(json),
    headers: { 'Set-Cookie': parts.join('; ') },
  })
}
