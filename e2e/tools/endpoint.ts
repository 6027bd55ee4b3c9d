import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** How an endpoint behaves: a status to answer, or no answer at all. */
export type Behaviour = number | 'stall'

/** Where nsq_to_http sends to. Refusing is what one does that is closed. */
export class Endpoint {
  readonly received: Received[] = []
  behaviour: Behaviour = 200
  #port = 0
  #server: Server | undefined
  readonly #stalled: ServerResponse[] = []

  static async start(behaviour: Behaviour = 200): Promise<Endpoint> {
    const endpoint = new Endpoint()
    endpoint.behaviour = behaviour
    await endpoint.open()
    return endpoint
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`
  }

  /** The bodies that were answered with success, sorted. */
  readonly taken: string[] = []

  /** On the port it had before, where it had one. */
  async open(): Promise<void> {
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        const { method = '', url = '', headers } = request
        this.received.push({ method, url, headers, body })
        return this.#answer(response, body)
      })
    })
    this.#server = server
    await once(server.listen(this.#port, '127.0.0.1'), 'listening')
    const address = server.address()
    if (typeof address === 'object' && address !== null) this.#port = address.port
  }

  /** From now on connections are refused, and those there are end. */
  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  #answer(response: ServerResponse, body: string): void {
    const { behaviour } = this
    if (behaviour === 'stall') {
      this.#stalled.push(response)
      return
    }
    if (behaviour === 200) this.taken.push(body)
    response.writeHead(behaviour).end('an answer nobody reads')
  }
}
