// Graphite, asked for the browser.

import { HttpClient, HttpError, HttpReply, type HttpRequest, type Route } from '@tsq/daemon'

import type { Gatekeeper } from '../auth/gatekeeper.ts'

const CONNECT_TIMEOUT_MS = 2_000
const REQUEST_TIMEOUT_MS = 20_000
const MAX_IMAGE_BYTES = 8 * 1024 * 1024

export interface GraphiteContext {
  readonly url: URL | undefined
  readonly isProxy: boolean
  readonly intervalSeconds: number
  readonly gatekeeper: Gatekeeper
}

/** Asks one graphite, always the configured one: only the query is the browser's to choose. */
export class Graphite {
  readonly #context: GraphiteContext
  readonly #client = new HttpClient({
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    maxAnswerBytes: MAX_IMAGE_BYTES,
  })

  constructor(context: GraphiteContext) {
    this.#context = context
  }

  routes(): Route[] {
    const { gatekeeper, isProxy, url } = this.#context
    const guard = (request: HttpRequest): void => void gatekeeper.mayRead(request)
    const render: Route[] =
      isProxy && url !== undefined
        ? [
            {
              method: 'GET',
              path: '/render',
              plain: true,
              quiet: true,
              guard,
              handle: (request) => this.#render(request, url),
            },
          ]
        : []
    return [
      ...render,
      { method: 'GET', path: '/api/graphite', guard, handle: (request) => this.#rate(request) },
    ]
  }

  close(): void {
    this.#client.close()
  }

  async #render(request: HttpRequest, url: URL): Promise<HttpReply> {
    const start = request.url.indexOf('?')
    const target = renderUrl(url, start === -1 ? '' : request.url.slice(start))
    const answer = await this.#ask(target, request.remoteAddress)
    if (answer.status >= 300) throw new HttpError(502, `graphite answered ${answer.status}`)
    return new HttpReply({
      contentType: imageOrJson(answer.contentType),
      body: answer.bytes,
      headers: { 'Cache-Control': 'no-store' },
    })
  }

  /** The rate of a counter, from one interval ago. */
  async #rate(request: HttpRequest): Promise<object> {
    const { query } = request
    if (query.get('metric') !== 'rate') throw new HttpError(400, 'INVALID_ARG_METRIC')
    const target = query.get('target')
    if (target === undefined) throw new HttpError(400, 'INVALID_ARG_TARGET')
    const { url, intervalSeconds: interval } = this.#context
    if (url === undefined) throw new HttpError(500, 'INTERNAL_ERROR')
    const params = new URLSearchParams({
      from: `-${interval * 2}sec`,
      until: `-${interval}sec`,
      format: 'json',
      target,
    })
    const value = firstPoint(
      (
        await this.#ask(renderUrl(url, `?${params.toString()}`), request.remoteAddress)
      ).bytes.toString(),
    )
    if (value === undefined) throw new HttpError(500, 'INTERNAL_ERROR')
    return { rate: value < 0 ? 'N/A' : (value / interval).toFixed(2) }
  }

  async #ask(url: URL, forwardedFor: string) {
    const headers: Record<string, string> = { Accept: '*/*', 'X-Forwarded-For': forwardedFor }
    const { username, password } = this.#context.url ?? url
    if (username !== '' || password !== '') {
      const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
      headers['Authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`
    }
    try {
      return await this.#client.askForBytes(url, { method: 'GET', headers })
    } catch {
      throw new HttpError(502, 'graphite does not answer')
    }
  }
}

function renderUrl({ protocol, host }: URL, search: string): URL {
  const url = new URL(`${protocol}//${host}/render`)
  url.search = search
  return url
}

/** Nothing that graphite sends may run in our name. */
function imageOrJson(type: string): string {
  return /^(image\/(png|jpeg|gif)|application\/json|text\/plain|text\/csv)\b/.test(type)
    ? type
    : 'application/octet-stream'
}

/** The first value of the first series of `[{"datapoints":[[4.0,1600000000]]}]`; null counts as -1. */
function firstPoint(text: string): number | undefined {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  const [series] = Array.isArray(json) ? (json as readonly unknown[]) : []
  if (typeof series !== 'object' || series === null || !('datapoints' in series)) return undefined
  const points: unknown = series.datapoints
  const [point] = Array.isArray(points) ? (points as readonly unknown[]) : []
  if (!Array.isArray(point)) return undefined
  const value: unknown = point[0]
  if (value === null) return -1
  return typeof value === 'number' ? value : undefined
}
