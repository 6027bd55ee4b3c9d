// Asks others over HTTP: nsqlookupd, nsqd, auth servers, whoever is notified.

import { Agent as HttpAgent, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { ConnectionOptions } from 'node:tls'

import { MAX_TIMER_MS } from '../timers.ts'
import { exchange } from './exchange.ts'

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
    const late = AbortSignal.timeout(
      Math.min(Math.ceil(this.#options.requestTimeoutMs), MAX_TIMER_MS),
    )
    const signal = query.signal === undefined ? late : AbortSignal.any([late, query.signal])
    const answer = await this.#exchange(url, { ...query, signal })
    const httpsPort = url.protocol === 'http:' && answer.status === 403 ? portIn(answer) : undefined
    if (httpsPort === undefined) return answer
    const secure = new URL(url)
    secure.protocol = 'https:'
    secure.port = String(httpsPort)
    return this.#exchange(secure, { ...query, signal })
  }

  #exchange(url: URL, query: HttpQuery & { readonly signal: AbortSignal }): Promise<HttpBytes> {
    const { method, body, signal } = query
    const { connectTimeoutMs, maxAnswerBytes = MAX_ANSWER_BYTES } = this.#options
    const headers: Record<string, string | number> = { Accept: ACCEPT, ...query.headers }
    if (body !== undefined) {
      headers['Content-Type'] ??= 'application/json'
      headers['Content-Length'] = Buffer.byteLength(body)
    }
    const agents = { http: this.#http, https: this.#https }
    const isRepeatable = method === 'GET'
    const options = { method, headers, body, signal, agents, connectTimeoutMs, isRepeatable }
    return exchange(url, options, async (answer) => {
      const { statusCode: status = 0, headers: answered } = answer
      const bytes = await readAll(answer, maxAnswerBytes)
      return { status, contentType: answered['content-type'] ?? '', bytes }
    })
  }

  /** Drops every connection; what is being asked fails. */
  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }
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
