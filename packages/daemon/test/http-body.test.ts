import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { HttpServer, silentLogger } from '../src/index.ts'
import type { HttpRequest, Route } from '../src/index.ts'
import { exchange } from './raw-http.ts'

const LIMIT = 1_000

async function start(t: TestContext, seen: HttpRequest[] = []): Promise<HttpServer> {
  const pub: Route = {
    method: 'POST',
    path: '/pub',
    maxBodyBytes: LIMIT,
    bodyTooBig: { status: 413, message: 'MSG_TOO_BIG' },
    handle: (request) => {
      seen.push(request)
      return 'OK'
    },
  }
  const create: Route = { method: 'POST', path: '/topic/create', handle: () => undefined }
  const server = await HttpServer.start({
    address: '127.0.0.1:0',
    routes: [pub, create],
    logger: silentLogger(),
  })
  t.after(() => server.close())
  return server
}

function post(path: string, headers: string, body: string | Uint8Array): Uint8Array {
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`
  return Buffer.concat([Buffer.from(head), Buffer.from(body)])
}

function chunked(body: string, size: number): string {
  let text = ''
  for (let i = 0; i < body.length; i += size) {
    const part = body.slice(i, i + size)
    text += `${part.length.toString(16)}\r\n${part}\r\n`
  }
  return `${text}0\r\n\r\n`
}

test('the body arrives as raw bytes, whatever its content type', async (t) => {
  const seen: HttpRequest[] = []
  const server = await start(t, seen)
  const body = Buffer.from([0, 255, 10, 13, 123])
  const types = ['', 'application/json', 'application/x-www-form-urlencoded', 'nonsense', 'a/b; c=']
  for (const type of types) {
    const header = type === '' ? '' : `Content-Type: ${type}\r\n`
    const answer = await exchange(
      server,
      post('/pub?topic=a', `${header}Content-Length: 5\r\n`, body),
    )
    assert.equal(answer.status, 200, type)
  }
  assert.equal(seen.length, types.length)
  for (const request of seen) {
    assert.deepEqual(request.body, body)
    assert.equal(request.query.get('topic'), 'a')
  }
  assert.equal(seen[1]?.headers['content-type'], 'application/json')
})

test('a chunked body is put together, an absent one is empty', async (t) => {
  const seen: HttpRequest[] = []
  const server = await start(t, seen)
  await exchange(server, post('/pub', 'Transfer-Encoding: chunked\r\n', chunked('hello world', 3)))
  await exchange(server, post('/pub', '', ''))
  assert.deepEqual(
    seen.map((request) => request.body.toString()),
    ['hello world', ''],
  )
})

test('a body of the limit is taken, one byte more is refused, by length or chunked', async (t) => {
  const server = await start(t)
  for (const [size, status] of [
    [LIMIT, 200],
    [LIMIT + 1, 413],
  ] as const) {
    const body = 'x'.repeat(size)
    const byLength = await exchange(server, post('/pub', `Content-Length: ${size}\r\n`, body))
    const inChunks = await exchange(
      server,
      post('/pub', 'Transfer-Encoding: chunked\r\n', chunked(body, 100)),
    )
    assert.equal(byLength.status, status)
    assert.equal(inChunks.status, status)
    if (status === 413) assert.equal(inChunks.body, '{"message":"MSG_TOO_BIG"}')
  }
})

test('a length over the limit is refused before the body is sent', async (t) => {
  const server = await start(t)
  const socket = connect(server.port, '127.0.0.1')
  socket.write('POST /pub HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n')
  const [answer] = await once(socket, 'data')
  socket.destroy()
  assert.match(String(answer), /^HTTP\/1\.1 413 /)
})

test('after a refused body the connection can be used again', async (t) => {
  const server = await start(t)
  const tooBig = `POST /pub HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n${'x'.repeat(500_000)}`
  const { text } = await exchange(
    server,
    Buffer.concat([Buffer.from(tooBig), post('/pub', 'Content-Length: 1\r\n', 'x')]),
  )
  assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 413', 'HTTP/1.1 200'])
})

test('a route that takes no body ignores a small one and refuses a large one', async (t) => {
  const server = await start(t)
  const small = await exchange(server, post('/topic/create', 'Content-Length: 3\r\n', 'a=b'))
  assert.equal(small.status, 200)
  const large = await exchange(
    server,
    post('/topic/create', 'Content-Length: 70000\r\n', 'x'.repeat(70_000)),
  )
  assert.equal(large.status, 413)
  assert.equal(large.body, '{"message":"BODY_TOO_BIG"}')
})

test('a peer that never stops sending a refused body is cut off', async (t) => {
  const server = await start(t)
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => socket.destroy())
  socket.resume()
  const piece = Buffer.alloc(1_048_576, 'x')
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), piece, Buffer.from('\r\n')])
  socket.write('POST /pub HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
  const send = (): void => {
    while (socket.writable && socket.write(chunk));
  }
  socket.on('drain', send)
  send()
  await new Promise((resolve) => socket.once('close', resolve))
  assert.ok(socket.bytesWritten < 200 * 1_048_576)
})

test('a peer that goes away in the middle of a body does no harm', async (t) => {
  const seen: HttpRequest[] = []
  const server = await start(t, seen)
  const socket = connect(server.port, '127.0.0.1')
  socket.write('POST /pub HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc', () =>
    socket.destroy(),
  )
  await once(socket, 'close')
  const answer = await exchange(server, post('/pub', 'Content-Length: 1\r\n', 'x'))
  assert.equal(answer.status, 200)
  assert.equal(seen.length, 1)
})
