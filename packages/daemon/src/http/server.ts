// HTTP as NSQ's daemons speak it. Fastify routes and owns the listener; bodies, answers and errors are ours,
// because clients depend on their exact form.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerOptions as TlsOptions } from 'node:https'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { formatGoDuration } from '../go/duration.ts'
import { formatListenAddress, listen } from '../listen-address.ts'
import type { ListenAddress } from '../listen-address.ts'
import type { Logger } from '../log/logger.ts'
import type { createApp, HttpTimeouts } from './app.ts'
import { readBody } from './body.ts'
import { Connections } from './connections.ts'
import { HttpError } from './http-error.ts'
import {
  errorReply,
  HttpReply,
  HttpStream,
  redirectReply,
  replyOf,
  sendReply,
  sendStream,
} from './reply.ts'
import { HttpRequest } from './request.ts'
import type { PathParams } from './request.ts'
import { RouteTable } from './routes.ts'
import type { Route } from './routes.ts'

export interface HttpServerOptions extends HttpTimeouts {
  /** `host:port`, or the path of a Unix socket. */
  readonly address: string
  readonly routes: readonly Route[]
  readonly logger: Logger
  /** Makes it HTTPS. */
  readonly tls?: TlsOptions
  /**
   * Looks at every request before it is routed, unknown paths included; what it returns is the answer. nsqd
   * refuses plain HTTP here when TLS is required.
   */
  readonly gate?: (request: HttpRequest) => HttpReply | undefined
  /** Has the last word on every answer but streams, errors included: more headers, compression. */
  readonly finish?: (request: HttpRequest, reply: HttpReply) => HttpReply | Promise<HttpReply>
  /** Connections at a time; more are closed as they come. 8,192 unless given. */
  readonly maxConnections?: number
  /** How long `close` waits for requests in hand. */
  readonly closeTimeoutMs?: number
}

/** Longest body of a route that doesn't say; enough for a form nobody reads. */
const DEFAULT_MAX_BODY_BYTES = 64 * 1_024
const DEFAULT_MAX_CONNECTIONS = 8_192
/** So often at most the log tells of connections that are refused. */
const REFUSAL_NOTE_MS = 60_000

export class HttpServer implements AsyncDisposable {
  readonly #app: ReturnType<typeof createApp>
  readonly #logger: Logger
  readonly #gate: HttpServerOptions['gate']
  readonly #lastWord: HttpServerOptions['finish']
  readonly #closeTimeoutMs: number
  readonly #connections: Connections
  #bound: ListenAddress | undefined
  #closing: Promise<void> | undefined

  /** @throws {ListenError} */
  static async start(options: HttpServerOptions): Promise<HttpServer> {
    // Fastify is not loaded before somebody serves: the tools, which don't, start in half the time.
    const app = await import('./app.ts')
    const server = new HttpServer(options, app.createApp)
    await server.#listen(options.address)
    return server
  }

  private constructor(options: HttpServerOptions, create: typeof createApp) {
    this.#logger = options.logger
    this.#gate = options.gate
    this.#lastWord = options.finish
    this.#closeTimeoutMs = options.closeTimeoutMs ?? 5_000
    const table = new RouteTable(options.routes)
    const unrouted = (request: IncomingMessage, response: ServerResponse): void =>
      this.#answerUnrouted(table, request, response)
    this.#app = create(options, unrouted)
    this.#connections = new Connections(this.#app.server)
    this.#limitConnections(options.maxConnections ?? DEFAULT_MAX_CONNECTIONS)
    for (const route of options.routes) {
      this.#app.route<{ Params: PathParams }>({
        method: route.method,
        url: route.path,
        handler: (request, reply) => {
          reply.hijack()
          // Fastify lets a named part be empty, NSQ doesn't: `/config/` is no path at all.
          if (Object.values(request.params).includes('')) unrouted(request.raw, reply.raw)
          else this.#serve(route, request, reply)
        },
      })
    }
    this.#app.setNotFoundHandler((request, reply) => {
      reply.hijack()
      unrouted(request.raw, reply.raw)
    })
  }

  /** Where it really listens: `127.0.0.1:4151`, or the path of a Unix socket. */
  get address(): string {
    return this.#bound === undefined ? '' : formatListenAddress(this.#bound)
  }

  /** The port really bound; -1 for a Unix socket. */
  get port(): number {
    return this.#bound?.kind === 'tcp' ? this.#bound.port : -1
  }

  /**
   * Stops accepting, drops idle connections, and waits for the requests in hand, but not for long. One
   * promise for every caller.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#shutDown())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #limitConnections(limit: number): void {
    const { server } = this.#app
    server.maxConnections = limit
    let notedAt = Number.NEGATIVE_INFINITY
    server.on('drop', () => {
      if (performance.now() - notedAt < REFUSAL_NOTE_MS) return
      notedAt = performance.now()
      this.#logger.warn(`HTTP: refusing connections, there are ${limit} already`)
    })
  }

  async #listen(address: string): Promise<void> {
    await this.#app.ready()
    this.#bound = await listen(this.#app.server, address)
  }

  async #shutDown(): Promise<void> {
    await this.#connections.close(this.#closeTimeoutMs)
    await this.#app.close()
  }

  #serve(route: Route, request: FastifyRequest<{ Params: PathParams }>, reply: FastifyReply): void {
    const { raw } = request
    const exchange = this.#begin(raw, reply.raw, route)
    const { params } = request
    if (this.#refuses(exchange, params)) return
    try {
      route.guard?.(new HttpRequest(raw, params))
    } catch (error) {
      this.#fail(exchange, error)
      return
    }
    if (route.method === 'GET') {
      this.#handle(exchange, route, new HttpRequest(raw, params))
      return
    }
    readBody(raw, route.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES, (outcome) => {
      if (outcome.kind === 'body') {
        this.#handle(exchange, route, new HttpRequest(raw, params, outcome.body))
      } else if (outcome.kind === 'tooBig') {
        const { status, message } = route.bodyTooBig ?? { status: 413, message: 'BODY_TOO_BIG' }
        this.#finish(exchange, errorReply(status, message, { isPlain: exchange.isPlain }))
      }
    })
  }

  #handle(exchange: Exchange, route: Route, request: HttpRequest): void {
    try {
      const result = route.handle(request)
      if (!(result instanceof Promise)) {
        this.#finish(exchange, replyOf(result))
        return
      }
      // A result that can't be sent, such as a JSON cycle, is a failure of the handler too.
      result
        .then((value) => this.#finish(exchange, replyOf(value)))
        .catch((error: unknown) => this.#fail(exchange, error))
    } catch (error) {
      this.#fail(exchange, error)
    }
  }

  #fail(exchange: Exchange, error: unknown): void {
    if (error instanceof HttpError) {
      const { status, message } = error
      this.#finish(exchange, errorReply(status, message, { isPlain: exchange.isPlain }))
      return
    }
    const { method, url } = exchange.request
    this.#logger.error(`HTTP: handler of ${method} ${url} failed`, {
      err: error,
      stack: error instanceof Error ? error.stack : String(error),
    })
    this.#finish({ ...exchange, isPlain: false }, errorReply(500, 'INTERNAL_ERROR'))
  }

  // Whoever gets here asked for a path or method that no route has.
  #answerUnrouted(table: RouteTable, raw: IncomingMessage, response: ServerResponse): void {
    const exchange = this.#begin(raw, response)
    const { method = '', url = '' } = raw
    const silent = { ...exchange, isPlain: true, logged: undefined }
    const { path, query } = splitTarget(url)
    if (path === undefined) {
      this.#finish(silent, errorReply(400, '400 Bad Request', { isPlain: true }))
      return
    }
    if (this.#refuses(exchange)) return
    if (method === 'OPTIONS' && url === '*') {
      this.#finish(silent, new HttpReply({}))
      return
    }
    const real = table.canonical(method, path)
    if (real !== undefined) {
      this.#finish(
        silent,
        redirectReply(method, `${encodeURI(real).replaceAll('#', '%23')}${query}`),
      )
      return
    }
    const allowed = table.allowed(path)
    if (allowed === undefined) {
      this.#finish(exchange, errorReply(404, 'NOT_FOUND'))
    } else if (method === 'OPTIONS') {
      this.#finish(silent, new HttpReply({ headers: { Allow: allowed } }))
    } else {
      const headers = { Allow: allowed }
      this.#finish(exchange, errorReply(405, 'METHOD_NOT_ALLOWED', { headers }))
    }
  }

  #refuses(exchange: Exchange, params?: PathParams): boolean {
    if (this.#gate === undefined) return false
    const refusal = this.#gate(new HttpRequest(exchange.request, params))
    if (refusal === undefined) return false
    this.#finish({ ...exchange, isPlain: false, logged: undefined }, refusal)
    return true
  }

  #begin(request: IncomingMessage, response: ServerResponse, route?: Route): Exchange {
    this.#connections.used(request.socket)
    const isPlain = route?.plain === true
    if (route?.quiet === true || !this.#logger.isEnabled('info')) {
      return { request, response, isPlain, logged: undefined }
    }
    // Asked for now, because a connection that is gone has forgotten its peer.
    const { peer } = new HttpRequest(request)
    return { request, response, isPlain, logged: { peer, startedMs: performance.now() } }
  }

  #finish(exchange: Exchange, reply: HttpReply | HttpStream): void {
    if (reply instanceof HttpStream) {
      sendStream(exchange.response, reply)
      this.#note(exchange, 200)
      return
    }
    const last = this.#lastWord?.(new HttpRequest(exchange.request), reply) ?? reply
    if (last instanceof HttpReply) {
      this.#send(exchange, last)
      return
    }
    last.then(
      (finished) => this.#send(exchange, finished),
      () => this.#send(exchange, reply),
    )
  }

  #send(exchange: Exchange, reply: HttpReply): void {
    const { response, isPlain } = exchange
    sendReply(response, reply, { isNsq: !isPlain, isLast: this.#closing !== undefined })
    this.#note(exchange, reply.status)
  }

  #note({ request, logged }: Exchange, status: number): void {
    if (logged === undefined) return
    const elapsed = formatGoDuration(performance.now() - logged.startedMs)
    const { method, url } = request
    this.#logger.info(`${status} ${method} ${url} (${logged.peer}) ${elapsed}`)
  }
}

/** One request on its way to an answer. */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly isPlain: boolean
  /** What the log line needs; undefined when there is to be none. */
  readonly logged: { readonly peer: string; readonly startedMs: number } | undefined
}

/** Splits a target into its decoded path (undefined when it doesn't decode) and its query with the `?`. */
function splitTarget(url: string): { path: string | undefined; query: string } {
  const start = url.indexOf('?')
  const path = start === -1 ? url : url.slice(0, start)
  try {
    const absolute = /^https?:\/\/[^/]*(.*)$/i.exec(path)
    return {
      path: decodeURIComponent(absolute === null ? path : (absolute[1] ?? '') || '/'),
      query: start === -1 ? '' : url.slice(start),
    }
  } catch {
    return { path: undefined, query: '' }
  }
}
