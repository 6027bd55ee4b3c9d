import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { suite, test, type TestContext } from 'node:test'

import { HttpClient } from '../src/index.ts'

async function portOf(t: TestContext, server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

async function start(t: TestContext, onRequest: RequestListener): Promise<URL> {
  const server = createServer(onRequest)
  t.after(() => server.closeAllConnections())
  return new URL(`http://127.0.0.1:${await portOf(t, server)}/x?y=1`)
}

const client = new HttpClient({ connectTimeoutMs: 500, requestTimeoutMs: 300 })

void suite('what nsqd asks of others by HTTP', () => {
  void test('is asked again by HTTPS where the server says so', async (t) => {
    let firstBytes = Buffer.alloc(0)
    const tcp = createTcpServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', (bytes) => {
        firstBytes = bytes
        socket.destroy()
      })
    })
    const httpsPort = await portOf(t, tcp)
    const url = await start(t, (_, response) =>
      response.writeHead(403).end(`{"message": "TLS_REQUIRED", "https_port": ${httpsPort}}`),
    )
    await assert.rejects(client.ask(url, { method: 'GET' }))
    assert.equal(firstBytes[0], 22, 'a TLS handshake')
  })

  void test('is answered 403 where no other port is named', async (t) => {
    for (const body of ['', '{}', '[]', 'null', '{"https_port":0}', '{"https_port":"1"}']) {
      const url = await start(t, (_, response) => response.writeHead(403).end(body))
      assert.deepEqual(await client.ask(url, { method: 'GET' }), { status: 403, text: body })
    }
  })

  void test('ends when its time is over, also in the middle of the answer', async (t) => {
    const silent = await start(t, () => undefined)
    await assert.rejects(client.ask(silent, { method: 'GET' }), { name: 'TimeoutError' })
    const half = await start(t, (_, response) => response.write('half'))
    await assert.rejects(client.ask(half, { method: 'GET' }), { name: 'TimeoutError' })
  })

  void test('ends when nobody wants to know any more', async (t) => {
    const aborter = new AbortController()
    const url = await start(t, () => aborter.abort(new Error('enough')))
    const asking = client.ask(url, { method: 'GET', signal: aborter.signal })
    await assert.rejects(asking, /enough/)
  })

  void test('does not go on for ever', async (t) => {
    const url = await start(t, (_, response) => response.end(Buffer.alloc(1024 * 1024 + 1)))
    await assert.rejects(client.ask(url, { method: 'GET' }), /answer of more than 1048576 bytes/)
  })
})
