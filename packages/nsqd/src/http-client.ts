// Asks nsqlookupd and auth servers over HTTP.

import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import type { SecureContextOptions } from 'node:tls'

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
  readonly tls?: SecureContextOptions | undefined
}

export interface HttpQuery {
  readonly method: 'GET' | 'POST'
  /** Sent as JSON. */
  readonly body?: string
  readonly signal?: AbortSignal
}

export interface HttpAnswer {
  readonly status: number
  readonly text: string
}

/** Requests with a limit on everything: connecting, the whole exchange, the size of the answer. */
export class HttpClient {
  readonly #options: HttpClientOptions
  readonly #http = new HttpAgent({ maxSockets: MAX_SOCKETS_PER_HOST })
  readonly #https: HttpsAgent

  constructor(options: HttpClientOptions) {
    this.#options = options
    this.#https = new HttpsAgent({ ...options.tls, maxSockets: MAX_SOCKETS_PER_HOST })
  }

  /** Asks; where the server wants HTTPS on another port (403 with `https_port`), once more there. */
  async ask(url: URL, query: HttpQuery): Promise<HttpAnswer> {
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

  #exchange(url: URL, query: HttpQuery & { signal: AbortSignal }): Promise<HttpAnswer> {
    const { method, body, signal } = query
    const { connectTimeoutMs } = this.#options
    const headers: Record<string, string | number> = { Accept: ACCEPT }
    if (body !== undefined) {
      headers['Content-Type'] = 'application/json'
      headers['Content-Length'] = Buffer.byteLength(body)
    }
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(signal.aborted ? asError(signal.reason) : error)
      const onAnswer = (answer: IncomingMessage): void => {
        readAll(answer).then((text) => resolve({ status: answer.statusCode ?? 0, text }), fail)
      }
      const request =
        url.protocol === 'https:'
          ? requestHttps(url, { method, headers, signal, agent: this.#https }, onAnswer)
          : requestHttp(url, { method, headers, signal, agent: this.#http }, onAnswer)
      request.on('error', fail)
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

  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }
}

async function readAll(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) continue
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`answer of more than ${MAX_ANSWER_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function portIn({ text }: HttpAnswer): number | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
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
