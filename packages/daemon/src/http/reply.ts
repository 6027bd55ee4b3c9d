import { STATUS_CODES } from 'node:http'
import type { ServerResponse } from 'node:http'
import { goJson } from '../go/json.ts'

/** A complete answer, for what the usual returns of a handler can't say: other types, bytes, headers. */
export class HttpReply {
  readonly status: number
  readonly contentType: string | undefined
  readonly body: string | Uint8Array
  readonly headers: Readonly<Record<string, string>>

  constructor(answer: {
    readonly status?: number
    readonly contentType?: string
    readonly body?: string | Uint8Array
    readonly headers?: Readonly<Record<string, string>>
  }) {
    this.status = answer.status ?? 200
    this.contentType = answer.contentType
    this.body = answer.body ?? ''
    this.headers = answer.headers ?? {}
  }

  /** The same answer with more headers, and with another body where one is given. */
  with(headers: Readonly<Record<string, string>>, body = this.body): HttpReply {
    const { status, contentType } = this
    return new HttpReply({
      status,
      body,
      headers: { ...this.headers, ...headers },
      ...(contentType === undefined ? {} : { contentType }),
    })
  }
}

/** An answer that goes on, such as server-sent events. Who begins it ends it, at the latest before the server closes. */
export class HttpStream {
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
  /** Called once the headers are on their way. The response tells by `close` that its peer has gone. */
  readonly begin: (response: ServerResponse) => void

  constructor(answer: {
    readonly contentType: string
    readonly headers?: Readonly<Record<string, string>>
    readonly begin: (response: ServerResponse) => void
  }) {
    this.contentType = answer.contentType
    this.headers = answer.headers ?? {}
    this.begin = answer.begin
  }
}

/** What a handler may return: text, nothing, something to send as JSON, or a complete answer. */
export type HandlerResult = string | undefined | void | HttpReply | HttpStream | object

export const TEXT_TYPE = 'text/plain; charset=utf-8'
export const JSON_TYPE = 'application/json; charset=utf-8'
const HTML_TYPE = 'text/html; charset=utf-8'

/** The answer that stands for a handler's result. */
export function replyOf(result: HandlerResult): HttpReply | HttpStream {
  // As in Go, text without a character has no type either.
  if (result === undefined || result === '') return EMPTY
  if (typeof result === 'string') return new HttpReply({ contentType: TEXT_TYPE, body: result })
  if (result instanceof HttpReply || result instanceof HttpStream) return result
  return new HttpReply({ contentType: JSON_TYPE, body: goJson(result) })
}

const EMPTY = new HttpReply({})

/** `{"message":"TEXT"}`, or the text alone where the route answers plainly. */
export function errorReply(
  status: number,
  text: string,
  options: { readonly isPlain?: boolean; readonly headers?: Readonly<Record<string, string>> } = {},
): HttpReply {
  return options.isPlain === true
    ? new HttpReply({ status, contentType: TEXT_TYPE, body: text })
    : new HttpReply({
        status,
        contentType: JSON_TYPE,
        body: goJson({ message: text }),
        headers: options.headers ?? {},
      })
}

/** Sends a client to the path it meant. */
export function redirectReply(method: string, location: string): HttpReply {
  if (method !== 'GET') return new HttpReply({ status: 307, headers: { Location: location } })
  const href = location
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&#34;')
  const body = `<a href="${href}">Moved Permanently</a>.\n\n`
  return new HttpReply({
    status: 301,
    contentType: HTML_TYPE,
    body,
    headers: { Location: location },
  })
}

/** Writes an answer in one go. Header names are spelled as Go spells them. */
export function sendReply(
  response: ServerResponse,
  reply: HttpReply,
  options: { readonly isNsq: boolean; readonly isLast: boolean },
): void {
  if (response.headersSent || response.destroyed) return
  const headers: string[] = []
  if (reply.contentType !== undefined) headers.push('Content-Type', reply.contentType)
  if (options.isNsq) headers.push('X-Nsq-Content-Type', 'nsq; version=1.0')
  for (const [name, value] of Object.entries(reply.headers)) headers.push(name, value)
  if (options.isLast) headers.push('Connection', 'close')
  headers.push('Content-Length', String(Buffer.byteLength(reply.body)))
  response.writeHead(reply.status, headers)
  response.end(reply.body)
}

/** Writes the headers of an answer that goes on, and lets it begin. */
export function sendStream(response: ServerResponse, stream: HttpStream): void {
  if (response.headersSent || response.destroyed) return
  const headers = Object.entries({ 'Content-Type': stream.contentType, ...stream.headers })
  response.writeHead(200, headers.flat())
  response.flushHeaders()
  stream.begin(response)
}

/** The whole of an answer to something that isn't a request, for a socket about to be closed. */
export function rawReply(status: number, protocol: '1.0' | '1.1' = '1.1', body?: string): string {
  const reason = STATUS_CODES[status] ?? ''
  const type = body === undefined ? `Content-Type: ${TEXT_TYPE}\r\nConnection: close\r\n` : ''
  return `HTTP/${protocol} ${status} ${reason}\r\n${type}\r\n${body ?? `${status} ${reason}`}`
}
