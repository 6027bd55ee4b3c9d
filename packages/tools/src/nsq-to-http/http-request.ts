// One HTTP exchange: sends a request, throws the answer's body away, and says how it was answered.

import { Agent as HttpAgent, request as requestHttp, type ClientRequest } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import type { SecureContextOptions } from 'node:tls'

const MOST_REDIRECTS = 10
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** Not for another host's eyes. */
const SECRETS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'www-authenticate'])

export interface HttpClientSettings {
  /** Connections kept, and most opened, to one host. */
  readonly maxSockets: number
  readonly connectTimeoutMs: number
  /** For the whole exchange, redirects included. */
  readonly requestTimeoutMs: number
  readonly tls: SecureContextOptions & { readonly rejectUnauthorized?: boolean }
}

export interface Request {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  /** What stands in the request line, where that is not what `url` has. */
  readonly path?: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** Where an answer sends its client on to. */
interface Answer {
  readonly status: number
  readonly location: string | undefined
}

class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError'
}

/** Keeps connections alive, so that it is made once for each endpoint. */
export class HttpClient {
  readonly #settings: HttpClientSettings
  readonly #http: HttpAgent
  readonly #https: HttpsAgent

  constructor(settings: HttpClientSettings) {
    const { maxSockets } = settings
    const common = { keepAlive: true, maxSockets, maxFreeSockets: maxSockets }
    this.#settings = settings
    this.#http = new HttpAgent(common)
    this.#https = new HttpsAgent({ ...common, ...settings.tls })
  }

  /**
   * Sends a request and follows up to 10 redirects.
   *
   * @returns the status of the last answer, once its body has been read to the end.
   * @throws {Error} when there is no whole answer in time.
   */
  async send(request: Request): Promise<number> {
    const { requestTimeoutMs } = this.#settings
    const aborter = new AbortController()
    const timer = setTimeout(() => {
      aborter.abort(new Error(`no answer within ${requestTimeoutMs} ms`))
    }, requestTimeoutMs)
    try {
      let current = request
      for (let redirects = 0; ; redirects++) {
        const { status, location } = await this.#exchangeSafely(current, aborter.signal)
        if (!REDIRECTS.has(status) || location === undefined) return status
        if (redirects === MOST_REDIRECTS) {
          throw new Error(`stopped after ${MOST_REDIRECTS} redirects`)
        }
        current = redirected(current, status, location)
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }

  /** A kept connection may be closed by the server just when it is used: that counts for nothing, once. */
  async #exchangeSafely(request: Request, signal: AbortSignal): Promise<Answer> {
    try {
      return await this.#exchange(request, signal)
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error
      return await this.#exchange(request, signal)
    }
  }

  #exchange(request: Request, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const isSecure = request.url.protocol === 'https:'
      const settings = {
        method: request.method,
        headers: request.headers,
        agent: isSecure ? this.#https : this.#http,
        ...(request.path === undefined ? {} : { path: request.path }),
      }
      const exchange = isSecure
        ? requestHttps(request.url, settings)
        : requestHttp(request.url, settings)
      const onAbort = (): void => {
        // What the signal was aborted with is always an error.
        exchange.destroy(signal.reason as Error)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      exchange.on('close', () => {
        signal.removeEventListener('abort', onAbort)
        reject(new Error('connection closed before the whole answer had come'))
      })
      exchange.on('error', (error: NodeJS.ErrnoException) => {
        const isStale = exchange.reusedSocket && error.code === 'ECONNRESET'
        reject(isStale ? new StaleConnectionError(error.message, { cause: error }) : error)
      })
      exchange.on('response', (response) => {
        const { statusCode = 0, headers } = response
        response.on('error', reject)
        response.on('end', () => resolve({ status: statusCode, location: headers.location }))
        response.resume()
      })
      this.#watchConnecting(exchange)
      exchange.end(request.body)
    })
  }

  #watchConnecting(exchange: ClientRequest): void {
    const { connectTimeoutMs } = this.#settings
    exchange.once('socket', (socket: Socket) => {
      if (!socket.connecting) return
      const timer = setTimeout(() => {
        exchange.destroy(new Error(`no connection within ${connectTimeoutMs} ms`))
      }, connectTimeoutMs)
      const stop = (): void => clearTimeout(timer)
      socket.once('connect', stop)
      socket.once('close', stop)
    })
  }
}

/**
 * What to ask next. The body goes along, since an answer that sends a POST elsewhere has not taken it; only with 303 it
 * has been taken, and the answer is to be fetched from elsewhere.
 */
function redirected(request: Request, status: number, location: string): Request {
  const url = new URL(location, request.url)
  const isSameHost = url.host === request.url.host && url.protocol === request.url.protocol
  const kept = Object.entries(request.headers).filter(
    ([name]) => isSameHost || !SECRETS.has(name.toLowerCase()),
  )
  if (status !== 303 || request.body === undefined) {
    const { method, body } = request
    return { method, url, headers: Object.fromEntries(kept), ...(body && { body }) }
  }
  const headers = kept.filter(([name]) => !/^content-(?:type|encoding|length)$/i.test(name))
  return { method: 'GET', url, headers: Object.fromEntries(headers) }
}
