import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { hostPort } from '../listen-address.ts'
import { parseQuery } from './query.ts'
import type { Query } from './query.ts'

/** What the parts of a path named with a colon held. */
export type PathParams = Readonly<Record<string, string | undefined>>

const NO_BODY = Buffer.alloc(0)

/** What a handler is given. */
export class HttpRequest {
  readonly raw: IncomingMessage
  /** The parts of the path that the route names with a colon, percent-decoded. */
  readonly params: PathParams
  /** The whole body, the handler's to keep. Empty for GET. */
  readonly body: Buffer
  #query: Query | undefined

  constructor(raw: IncomingMessage, params: PathParams = {}, body: Buffer = NO_BODY) {
    this.raw = raw
    this.params = params
    this.body = body
  }

  get method(): string {
    return this.raw.method ?? ''
  }

  /** The request's target as sent, query included. */
  get url(): string {
    return this.raw.url ?? ''
  }

  get headers(): IncomingHttpHeaders {
    return this.raw.headers
  }

  /**
   * The parameters. Read when first asked for, so that a handler decides what is checked before them.
   *
   * @throws {HttpError} 400 `INVALID_REQUEST`.
   */
  get query(): Query {
    return (this.#query ??= parseQuery(this.url))
  }

  /** The peer's IP address; empty over a Unix socket. */
  get remoteAddress(): string {
    const address = this.raw.socket.remoteAddress ?? ''
    return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
  }

  /** The peer as `ip:port`; `@` over a Unix socket, as Go has it. */
  get peer(): string {
    const { remoteAddress, remotePort } = this.raw.socket
    return remoteAddress === undefined ? '@' : hostPort(remoteAddress, remotePort ?? 0)
  }
}
