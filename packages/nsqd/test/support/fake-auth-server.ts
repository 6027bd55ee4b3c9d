import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TlsOptions } from 'node:tls'

/** A request as it came. */
export interface AuthQuery {
  readonly method: string
  readonly url: string
  readonly accept: string
  readonly contentType: string
  readonly body: string
}

/** An auth server that answers as a test says. */
export class FakeAuthServer implements AsyncDisposable {
  readonly queries: AuthQuery[] = []
  /** Answers; what {@link allowAll} says unless set. */
  onQuery: (response: ServerResponse, query: AuthQuery) => void = (response) =>
    response.end(allowAll())
  readonly #server: Server

  /** @param tls makes it HTTPS. */
  static async start(tls?: TlsOptions): Promise<FakeAuthServer> {
    const fake = new FakeAuthServer(tls)
    await once(fake.#server.listen(0, '127.0.0.1'), 'listening')
    return fake
  }

  private constructor(tls: TlsOptions | undefined) {
    const take = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#take(request, response)
    this.#server = tls === undefined ? createServer(take) : createSecureServer(tls, take)
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const query = {
      method: request.method ?? '',
      url: request.url ?? '',
      accept: request.headers.accept ?? '',
      contentType: request.headers['content-type'] ?? '',
      body: await text(request),
    }
    this.queries.push(query)
    this.onQuery(response, query)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** An answer that allows everything, with other fields where given. */
export function allowAll(fields: object = {}): string {
  const everything = { topic: '.*', channels: ['.*'], permissions: ['subscribe', 'publish'] }
  return JSON.stringify({
    ttl: 3600,
    identity: 'bob',
    identity_url: 'http://example/bob',
    authorizations: [everything],
    ...fields,
  })
}
