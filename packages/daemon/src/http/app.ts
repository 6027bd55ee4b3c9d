// Fastify, set up to route and no more.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Server as TlsServer } from 'node:https'
import type { ServerOptions as TlsOptions } from 'node:https'
import type { Socket } from 'node:net'
import { fastify } from 'fastify'
import { answerPlainHttp } from './plain-on-tls.ts'
import { rawReply } from './reply.ts'

/** How long a peer may take. */
export interface HttpTimeouts {
  /** How long the headers of a request may take. */
  readonly headersTimeoutMs?: number
  /** How long a whole request may take to arrive. */
  readonly requestTimeoutMs?: number
  /** How long a connection without a request is kept. */
  readonly keepAliveTimeoutMs?: number
  /** How long nothing at all may move on a connection that has a request. */
  readonly idleTimeoutMs?: number
}

const MAX_PARAM_LENGTH = 1_024
const BODY_METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/** @param unrouted answers what Fastify can't even look up, such as a path that doesn't decode. */
export function createApp(
  options: HttpTimeouts & { readonly tls?: TlsOptions },
  unrouted: (request: IncomingMessage, response: ServerResponse) => void,
) {
  const limits = {
    headersTimeout: options.headersTimeoutMs ?? 30_000,
    requestTimeout: options.requestTimeoutMs ?? 120_000,
    connectionsCheckingInterval: Math.min(5_000, options.headersTimeoutMs ?? 5_000),
  }
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: options.keepAliveTimeoutMs ?? 75_000,
    connectionTimeout: options.idleTimeoutMs ?? 300_000,
    genReqId: () => '',
    requestIdHeader: false,
    clientErrorHandler: refuseGarbage,
    frameworkErrors: (_error, request, reply) => {
      reply.hijack()
      unrouted(request.raw, reply.raw)
    },
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH, querystringParser: () => ({}) },
    ...(options.tls === undefined ? { http: limits } : { https: { ...limits, ...options.tls } }),
  })
  if (app.server instanceof TlsServer) answerPlainHttp(app.server)
  // Fastify would parse bodies by their content type and refuse those it doesn't know.
  for (const method of BODY_METHODS) {
    app.addHttpMethod(method, { hasBody: false, overrideExisting: true })
  }
  return app
}

/** What arrives isn't HTTP, or arrives too slowly. */
function refuseGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  let status = 400
  if (error.code === 'HPE_HEADER_OVERFLOW') status = 431
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') status = 408
  socket.end(rawReply(status), () => socket.destroy())
}
