// Asks others over HTTP: nsqlookupd, nsqd, auth servers, whoever is notified.

import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'

/** More than this is no answer of an nsqlookupd or an auth server. */
const MAX_ANSWER_BYTES = 1024 * 1024
/** Further requests to the same host wait for their turn. */
const MAX_SOCKETS_PER_HOST = 64
const ACCEPT = 'application/vnd.nsq; version=1.0'

export interface HttpClientOptions {
  readonly connectTimeoutMs: number
  /** From the call to the last byte of the answer. */
  readonly requestTimeoutMs: number
  /** What HTTPS servers are verified with; what the system trusts where absent. */
  readonly tls?: ConnectionOptions | undefined
  /** Longest answer that is taken; 1 MiB unless given. */
  readonly maxAnswerBytes?: number
  /** How long a connection is kept for the next question; a new one for each unless given. */
  readonly keepAliveMs?: number
}

export interface HttpQuery {
  readonly method: 'GET' | 'POST'
  /** Sent as JSON. */
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export interface HttpAnswer {
  readonly status: number
  readonly text: string
}

/** An answer that need not be text. */
export interface HttpBytes {
  readonly status: number
  /** Empty where the server doesn't say. */
  readonly contentType: string
  readonly bytes: Buffer
}

/**
 * Requests with a limit on everything: connecting, the whole exchange, the size of the answer. Proxies named in the
 * environment are not used.
 */
export class HttpClient {
  readonly #options: HttpClientOptions
  readonly #http: HttpAgent
  readonly #https: HttpsAgent

  constructor(options: HttpClientOptions) {
    this.#options = options
    const { keepAliveMs } = options
    const agent = {
      maxSockets: MAX_SOCKETS_PER_HOST,
      ...(keepAliveMs === undefined
        ? {}
        : { keepAlive: true, timeout: keepAliveMs, maxFreeSockets: 4 }),
    }
    this.#http = new HttpAgent(agent)
    this.#https = new HttpsAgent({ ...options.tls, ...agent })
  }

  /** Asks; where the server wants HTTPS on another port (403 with `https_port`), once more there. */
  async ask(url: URL, query: HttpQuery): Promise<HttpAnswer> {
    const { status, bytes } = await this.askForBytes(url, query)
    return { status, text: bytes.toString() }
  }

  /** As `ask`, for what need not be text. */
  async askForBytes(url: URL, query: HttpQuery): Promise<HttpBytes> {
    const late = AbortSignal.timeout(Math.ceil(this.#options.requestTimeoutMs))
    const signal = query.signal === undefined ? late : AbortSignal.any([late, query.signal])
    const answer = await this.#exchange(url, { ...query, signal })
    const httpsPort = url.protocol === 'http:' && answer.status === 403 ? portIn(answer) : undefined
    if (httpsPort === undefined) return answer
    const secure = new URL(url)
    secure.protocol = 'https:'
    secure.port = String(httpsPort)
    return this.#exchange(secure, { ...query, signal })
  }

  async #exchange(
    url: URL,
    query: HttpQuery & { readonly signal: AbortSignal },
  ): Promise<HttpBytes> {
    try {
      return await this.#exchangeOnce(url, query)
    } catch (error) {
      // A kept connection may be closed by the other side just as it is used again. What changes nothing is asked anew.
      if (!(error instanceof StaleConnectionError) || query.method !== 'GET') throw error
      return this.#exchangeOnce(url, query)
    }
  }

  #exchangeOnce(url: URL, query: HttpQuery & { readonly signal: AbortSignal }): Promise<HttpBytes> {
    const { method, body, signal } = query
    const { connectTimeoutMs, maxAnswerBytes = MAX_ANSWER_BYTES } = this.#options
    const headers: Record<string, string | number> = { Accept: ACCEPT, ...query.headers }
    if (body !== undefined) {
      headers['Content-Type'] ??= 'application/json'
      headers['Content-Length'] = Buffer.byteLength(body)
    }
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(signal.aborted ? asError(signal.reason) : error)
      const onAnswer = (answer: IncomingMessage): void => {
        const { statusCode: status = 0, headers: answered } = answer
        readAll(answer, maxAnswerBytes).then(
          (bytes) => resolve({ status, contentType: answered['content-type'] ?? '', bytes }),
          fail,
        )
      }
      const request =
        url.protocol === 'https:'
          ? requestHttps(url, { method, headers, signal, agent: this.#https }, onAnswer)
          : requestHttp(url, { method, headers, signal, agent: this.#http }, onAnswer)
      request.on('error', (error: NodeJS.ErrnoException) => {
        const isStale = request.reusedSocket && error.code === 'ECONNRESET'
        fail(isStale ? new StaleConnectionError(error.message, { cause: error }) : error)
      })
      request.on('socket', (socket: Socket) => {
        if (!socket.connecting) return
        const timer = setTimeout(
          () => request.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)),
          connectTimeoutMs,
        )
        socket.once('connect', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
      })
      request.end(body)
    })
  }

  /** Drops every connection; what is being asked fails. */
  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }
}

class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError'
}

async function readAll(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) continue
    bytes += chunk.length
    if (bytes > maxBytes) throw new Error(`answer of more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, bytes)
}

function portIn({ bytes }: HttpBytes): number | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null || !('https_port' in parsed)) return undefined
  const { https_port: port } = parsed
  return typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536
    ? port
    : undefined
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
