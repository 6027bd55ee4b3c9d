import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { after, suite, test } from 'node:test'
import { text } from 'node:stream/consumers'

import { HttpClient } from '../../src/nsq-to-http/http-request.ts'

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly body: string
  readonly headers: IncomingMessage['headers']
}

void suite('an HTTP exchange', () => {
  const servers: Server[] = []
  const client = new HttpClient({
    maxSockets: 10,
    connectTimeoutMs: 2_000,
    requestTimeoutMs: 300,
    tls: {},
  })
  after(() => {
    client.close()
    for (const server of servers) server.close().closeAllConnections()
  })

  async function serve(listener: RequestListener): Promise<URL> {
    const server = createServer(listener)
    servers.push(server)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    return new URL(`http://127.0.0.1:${address.port}`)
  }

  function post(url: URL): Promise<number> {
    const body = Buffer.from('body')
    const headers = { 'Content-Length': '4', 'Content-Type': 'a/b', Authorization: 'secret' }
    return client.send({ method: 'POST', url, headers, body })
  }

  /** Answers each path with a status and a place to go to. */
  async function redirecting(
    answers: Readonly<Record<string, readonly [number, string?]>>,
  ): Promise<{ readonly url: URL; readonly seen: Seen[] }> {
    const seen: Seen[] = []
    const url = await serve((request, response) => {
      void text(request).then((body) => {
        const { method, url: path, headers } = request
        seen.push({ method, url: path, headers, body })
        const [status, location] = answers[path ?? ''] ?? [404]
        return response.writeHead(status, location === undefined ? {} : { location }).end('answer')
      })
    })
    return { url, seen }
  }

  void test('gives the status, and keeps the connection', async () => {
    const { url, seen } = await redirecting({ '/': [202] })
    let connections = 0
    servers.at(-1)?.on('connection', () => connections++)
    assert.equal(await post(url), 202)
    assert.equal(await post(url), 202)
    assert.equal(connections, 1)
    assert.equal(seen[1]?.body, 'body')
  })

  void test('takes its time where the limits are longer than any timer', async () => {
    const url = await serve((_request, response) => {
      setTimeout(() => response.writeHead(200).end(), 20)
    })
    const tenWeeksMs = 70 * 86_400_000
    const patient = new HttpClient({
      maxSockets: 1,
      connectTimeoutMs: tenWeeksMs,
      requestTimeoutMs: tenWeeksMs,
      tls: {},
    })
    try {
      assert.equal(await patient.send({ method: 'GET', url, headers: {} }), 200)
    } finally {
      patient.close()
    }
  })

  void test('takes the body along when it is sent elsewhere', async () => {
    for (const status of [301, 302, 307, 308]) {
      const { url, seen } = await redirecting({ '/': [status, '/there'], '/there': [200] })
      assert.equal(await post(url), 200)
      assert.deepEqual(
        seen.map(({ method, url: path, body }) => [method, path, body]),
        [
          ['POST', '/', 'body'],
          ['POST', '/there', 'body'],
        ],
      )
    }
  })

  void test('fetches the answer of a 303', async () => {
    const { url, seen } = await redirecting({ '/': [303, '/there'], '/there': [200] })
    assert.equal(await post(url), 200)
    assert.equal(seen[1]?.method, 'GET')
    assert.equal(seen[1]?.body, '')
    assert.equal(seen[1]?.headers['content-type'], undefined)
  })

  void test('tells no secrets to another host', async () => {
    const there = await redirecting({ '/': [200] })
    const { url } = await redirecting({ '/': [307, there.url.href] })
    assert.equal(await post(url), 200)
    assert.equal(there.seen[0]?.headers.authorization, undefined)
    assert.equal(there.seen[0]?.headers['content-type'], 'a/b')
  })

  void test('does not go round for ever', async () => {
    const { url, seen } = await redirecting({ '/': [307, '/'] })
    await assert.rejects(post(url), /stopped after 10 redirects/)
    assert.equal(seen.length, 11)
  })

  void test('waits for the whole answer, but not for ever', async () => {
    const silent = await serve(() => {})
    await assert.rejects(post(silent), /no answer within 300 ms/)
    const dripping = await serve((_, response) => {
      response.writeHead(200).write('begins and')
    })
    await assert.rejects(post(dripping), /no answer within 300 ms/)
    const broken = await serve((_, response) => {
      response.writeHead(200, { 'Content-Length': '100' }).write('half')
      setTimeout(() => response.destroy(), 10)
    })
    await assert.rejects(post(broken))
  })

  void test('fails when nobody listens', async () => {
    const url = await serve(() => {})
    const server = servers.pop()
    server?.close()
    await assert.rejects(post(url), { code: 'ECONNREFUSED' })
  })

  void test('a kept connection that the server just closes is no failure', async () => {
    let requests = 0
    const url = await serve((request, response) => {
      requests++
      // The second request finds the connection it was sent on broken.
      if (requests === 2) request.socket.resetAndDestroy()
      else response.end()
    })
    assert.equal(await post(url), 200)
    assert.equal(await post(url), 200)
    assert.equal(requests, 3)
  })
})
