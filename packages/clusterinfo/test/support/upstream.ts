import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** What a server says to a path: JSON, a status with it, or whatever a function does. */
export type Say =
  | object
  | { readonly status: number; readonly json: unknown }
  | ((request: IncomingMessage, response: ServerResponse) => void)

/** A server that answers by path, query not counted, and keeps what it was asked. */
export interface Upstream {
  readonly address: string
  /** Method and target of every request. */
  readonly asked: string[]
}

export async function upstream(
  t: TestContext,
  says: Readonly<Record<string, Say>>,
): Promise<Upstream> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const say = says[(request.url ?? '').split('?')[0] ?? '']
    if (typeof say === 'function') {
      say(request, response)
      return
    }
    const isStatus = say !== undefined && 'status' in say && 'json' in say
    const { status, json } = isStatus
      ? say
      : { status: say === undefined ? 404 : 200, json: say ?? { message: 'NOT_FOUND' } }
    response.writeHead(status).end(JSON.stringify(json))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

/** An address where nobody listens. */
export async function nobody(): Promise<string> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `127.0.0.1:${port}`
}

/** A node as nsqlookupd lists it. */
export function producer(address: string, more: object = {}): object {
  const port = Number(address.split(':')[1])
  return {
    remote_address: '127.0.0.1:1000',
    hostname: 'h1',
    broadcast_address: '127.0.0.1',
    tcp_port: port - 1,
    http_port: port,
    version: '1.3.0',
    ...more,
  }
}
