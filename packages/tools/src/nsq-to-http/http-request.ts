// One HTTP exchange: sends a request, throws the answer's body away, and says how it was answered.

import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { finished } from 'node:stream/promises'
import type { SecureContextOptions } from 'node:tls'

import { exchange, MAX_TIMER_MS } from '@tsq/daemon'

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
    const timer = setTimeout(
      () => aborter.abort(new Error(`no answer within ${requestTimeoutMs} ms`)),
      Math.min(requestTimeoutMs, MAX_TIMER_MS),
    )
    try {
      let current = request
      for (let redirects = 0; ; redirects++) {
        const { status, location } = await this.#exchange(current, aborter.signal)
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

  #exchange(request: Request, signal: AbortSignal): Promise<Answer> {
    const { method, url, path, headers, body } = request
    const { connectTimeoutMs } = this.#settings
    const agents = { http: this.#http, https: this.#https }
    // A message may come twice; what must not be is that it never comes.
    const isRepeatable = true
    const options = { method, headers, path, body, signal, agents, connectTimeoutMs, isRepeatable }
    return exchange(url, options, async (answer) => {
      answer.resume()
      await finished(answer)
      return { status: answer.statusCode ?? 0, location: answer.headers.location }
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
