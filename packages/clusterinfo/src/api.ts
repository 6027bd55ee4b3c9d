// One question to one server.

import { STATUS_CODES } from 'node:http'
import type { ConnectionOptions } from 'node:tls'

import { formatGoDuration, HttpClient } from '@tsq/daemon'
import { quoteBytes } from '@tsq/protocol'

import { type Json, objectIn, ShapeError } from './shapes.ts'
import { SourceError } from './upstream-error.ts'

/** Enough for the statistics of some 100,000 clients; nothing real is bigger. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024
const KEEP_ALIVE_MS = 90_000
/** How much of an answer that is an error is repeated. */
const SHOWN_BYTES = 512

export interface ApiOptions {
  readonly connectTimeoutMs?: number
  /** From the question to the last byte of the answer. */
  readonly requestTimeoutMs?: number
  /** For servers that want TLS. */
  readonly tls?: ConnectionOptions
  readonly maxAnswerBytes?: number
}

export type Params = Readonly<Record<string, string>>

/** Asks nsqlookupd and nsqd, and turns whatever goes wrong into a {@link SourceError}. */
export class Api {
  readonly #requestTimeoutMs: number
  readonly #reads: HttpClient
  readonly #writes: HttpClient

  constructor(options: ApiOptions = {}) {
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 5_000
    const client = {
      connectTimeoutMs: options.connectTimeoutMs ?? 2_000,
      requestTimeoutMs: this.#requestTimeoutMs,
      maxAnswerBytes: options.maxAnswerBytes ?? MAX_ANSWER_BYTES,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
    }
    this.#reads = new HttpClient({ ...client, keepAliveMs: KEEP_ALIVE_MS })
    // A write is not sent on a connection that the other side may just be closing: it could not be repeated.
    this.#writes = new HttpClient(client)
  }

  /**
   * @param read makes the answer's value of its JSON; it may throw a {@link ShapeError}.
   * @throws {SourceError}
   */
  async get<T>(address: string, path: string, params: Params, read: (json: Json) => T): Promise<T> {
    const url = urlOf(address, path, params)
    const text = await this.#ask('Get', this.#reads, address, url)
    try {
      return read(objectIn(JSON.parse(text), 'the answer'))
    } catch (error) {
      if (!(error instanceof ShapeError || error instanceof SyntaxError)) throw error
      throw new SourceError(`Get "${url}": unusable answer: ${error.message}`, address, 200, error)
    }
  }

  /** @throws {SourceError} */
  async post(address: string, path: string, params: Params, body?: Uint8Array): Promise<void> {
    await this.#ask('Post', this.#writes, address, urlOf(address, path, params), body)
  }

  close(): void {
    this.#reads.close()
    this.#writes.close()
  }

  async #ask(
    verb: 'Get' | 'Post',
    client: HttpClient,
    address: string,
    url: string,
    body?: Uint8Array,
  ): Promise<string> {
    const fail = (message: string, status: number, cause?: unknown): never => {
      throw new SourceError(message, address, status, cause)
    }
    if (!URL.canParse(url)) return fail(`${verb} "${url}": not a URL`, 0)
    const answer = await client
      .ask(new URL(url), {
        method: verb === 'Get' ? 'GET' : 'POST',
        ...(body === undefined
          ? {}
          : { body, headers: { 'Content-Type': 'application/octet-stream' } }),
      })
      .catch((error: unknown) => fail(`${verb} "${url}": ${this.#reason(error)}`, 0, error))
    if (answer.status === 200) return answer.text
    const status = `${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trimEnd()
    const shown = quoteBytes(Buffer.from(answer.text).subarray(0, SHOWN_BYTES))
    return fail(`got response ${status} ${shown} from ${url}`, answer.status)
  }

  #reason(error: unknown): string {
    if (!(error instanceof Error)) return String(error)
    if (error.name === 'TimeoutError') {
      return `no answer within ${formatGoDuration(this.#requestTimeoutMs)}`
    }
    const code = 'code' in error ? REASONS[String(error.code)] : undefined
    return code === undefined ? error.message : `${error.message} (${code})`
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'no such host',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
}

function urlOf(address: string, path: string, params: Params): string {
  const query = Object.entries(params)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')
  return `http://${address}${path}${query === '' ? '' : `?${query}`}`
}
