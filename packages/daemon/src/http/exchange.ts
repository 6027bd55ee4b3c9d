// One HTTP request and its answer, with a limit on connecting and on the whole.

import { type Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { type Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import { MAX_TIMER_MS } from '../timers.ts'

export interface ExchangeOptions {
  readonly method: string
  readonly headers: Readonly<Record<string, string | number>>
  readonly body?: string | Uint8Array | undefined
  /** What stands in the request line, where that is not what the URL has. */
  readonly path?: string | undefined
  readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent }
  readonly connectTimeoutMs: number
  /** Ends it, whatever it has come to; what it is aborted with is thrown. */
  readonly signal: AbortSignal
  /**
   * Whether it may be sent a second time. A kept connection may be closed by the other side just as it is used again,
   * and then nobody can tell how far the request came.
   */
  readonly isRepeatable: boolean
}

/**
 * Sends a request and has its answer read.
 *
 * @param read takes the body to its end.
 * @throws {Error} what went wrong on the way.
 */
export async function exchange<T>(
  url: URL,
  options: ExchangeOptions,
  read: (answer: IncomingMessage) => Promise<T>,
): Promise<T> {
  try {
    return await exchangeOnce(url, options, read)
  } catch (error) {
    if (!(error instanceof StaleConnectionError) || !options.isRepeatable) throw error
    return exchangeOnce(url, options, read)
  }
}

class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError'
}

function exchangeOnce<T>(
  url: URL,
  options: ExchangeOptions,
  read: (answer: IncomingMessage) => Promise<T>,
): Promise<T> {
  const { method, headers, path, signal, agents, connectTimeoutMs } = options
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(asError(signal.aborted ? signal.reason : error))
    const onAnswer = (answer: IncomingMessage): void => {
      read(answer).then(resolve, fail)
    }
    const settings = { method, headers, signal, ...(path === undefined ? {} : { path }) }
    const request =
      url.protocol === 'https:'
        ? requestHttps(url, { ...settings, agent: agents.https }, onAnswer)
        : requestHttp(url, { ...settings, agent: agents.http }, onAnswer)
    request.on('error', (error: NodeJS.ErrnoException) => {
      const isStale = request.reusedSocket && error.code === 'ECONNRESET'
      fail(isStale ? new StaleConnectionError(error.message, { cause: error }) : error)
    })
    request.on('socket', (socket: Socket) => {
      if (!socket.connecting) return
      const timer = setTimeout(
        () => request.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)),
        Math.min(connectTimeoutMs, MAX_TIMER_MS),
      )
      socket.once('connect', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
    })
    request.end(options.body)
  })
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
