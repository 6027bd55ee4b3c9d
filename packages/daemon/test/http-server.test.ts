import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import {
  createLogger,
  HttpError,
  HttpReply,
  HttpServer,
  HttpStream,
  silentLogger,
} from '../src/index.ts'
import type { HttpRequest, HttpServerOptions, Logger, Route } from '../src/index.ts'
import { ask, exchange } from './raw-http.ts'

const routes: readonly Route[] = [
  { method: 'GET', path: '/ping', plain: true, quiet: true, handle: () => 'OK' },
  { method: 'GET', path: '/sick', plain: true, handle: () => fail(500, 'NOK - disk full') },
  { method: 'GET', path: '/info', handle: () => ({ version: '<1>' }) },
  { method: 'GET', path: '/later', handle: () => Promise.resolve({ ok: true }) },
  { method: 'GET', path: '/crash', handle: () => Promise.reject(new Error('boom')) },
  { method: 'GET', path: '/throw', handle: () => crash() },
  { method: 'GET', path: '/stats', handle: (request) => request.query.get('topic') ?? 'none' },
  {
    method: 'GET',
    path: '/late',
    handle: (request) => fail(404, request.query.get('x') ?? 'NO_X'),
  },
  { method: 'POST', path: '/topic/create', handle: (request) => void request.query },
  { method: 'GET', path: '/config/:opt', handle: (request) => `opt ${request.params['opt']}` },
  { method: 'PUT', path: '/config/:opt', handle: () => fail(400, 'INVALID_OPTION') },
  { method: 'GET', path: '/static/*', handle: (request) => `file ${request.params['*']}` },
  { method: 'GET', path: '/debug/pprof/', handle: () => 'profiles' },
  {
    method: 'GET',
    path: '/page',
    handle: () =>
      new HttpReply({
        status: 203,
        contentType: 'text/html',
        body: Buffer.from([0x68, 0x69]),
        headers: { Vary: 'Accept-Encoding' },
      }),
  },
]

function fail(status: number, text: string): never {
  throw new HttpError(status, text)
}

function crash(): never {
  throw new TypeError('broken handler')
}

async function start(
  t: TestContext,
  options: Partial<HttpServerOptions> = {},
): Promise<HttpServer> {
  const server = await HttpServer.start({
    address: '127.0.0.1:0',
    routes,
    logger: silentLogger(),
    ...options,
  })
  t.after(() => server.close())
  return server
}

function recorder(): { lines: string[]; logger: Logger } {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  return { lines, logger: createLogger({ destination }) }
}

test('text, JSON and nothing are answered as nsqd answers them', async (t) => {
  const server = await start(t)
  const text = await ask(server, 'GET /stats?topic=orders')
  assert.equal(text.status, 200)
  assert.equal(text.headers.get('Content-Type'), 'text/plain; charset=utf-8')
  assert.equal(text.headers.get('X-Nsq-Content-Type'), 'nsq; version=1.0')
  assert.equal(text.body, 'orders')

  const json = await ask(server, 'GET /info')
  assert.equal(json.headers.get('Content-Type'), 'application/json; charset=utf-8')
  assert.equal(json.headers.get('Content-Length'), '27')
  assert.equal(json.body, '{"version":"\\u003c1\\u003e"}')

  const nothing = await ask(server, 'POST /topic/create?topic=a', 'Content-Length: 0\r\n')
  assert.equal(nothing.status, 200)
  assert.equal(nothing.headers.has('Content-Type'), false)
  assert.equal(nothing.headers.get('Content-Length'), '0')
  assert.equal(nothing.headers.get('X-Nsq-Content-Type'), 'nsq; version=1.0')

  const empty = await ask(server, 'GET /stats?topic=')
  assert.equal(empty.headers.has('Content-Type'), false, 'empty text has no type, as in Go')

  assert.equal((await ask(server, 'GET /later')).body, '{"ok":true}')
})

test('a plain route has no NSQ header and bare error texts', async (t) => {
  const server = await start(t)
  const ok = await ask(server, 'GET /ping')
  assert.equal(ok.body, 'OK')
  assert.equal(ok.headers.has('X-Nsq-Content-Type'), false)
  const sick = await ask(server, 'GET /sick')
  assert.equal(sick.status, 500)
  assert.equal(sick.body, 'NOK - disk full')
  assert.equal(sick.headers.get('Content-Type'), 'text/plain; charset=utf-8')
})

test('a complete answer is sent as it is', async (t) => {
  const page = await ask(await start(t), 'GET /page')
  assert.equal(page.status, 203)
  assert.equal(page.headers.get('Content-Type'), 'text/html')
  assert.equal(page.headers.get('Vary'), 'Accept-Encoding')
  assert.equal(page.body, 'hi')
})

test('an error is its text in a JSON object', async (t) => {
  const answer = await ask(await start(t), 'GET /late')
  assert.equal(answer.status, 404)
  assert.equal(answer.body, '{"message":"NO_X"}')
  assert.equal(answer.headers.get('Content-Type'), 'application/json; charset=utf-8')
})

test('a handler that crashes answers 500, is logged, and hurts nobody else', async (t) => {
  const { lines, logger } = recorder()
  const server = await start(t, { logger })
  for (const path of ['/crash', '/throw']) {
    const answer = await ask(server, `GET ${path}`)
    assert.equal(answer.status, 500)
    assert.equal(answer.body, '{"message":"INTERNAL_ERROR"}')
  }
  assert.equal((await ask(server, 'GET /ping')).status, 200)
  assert.match(lines.join(''), /ERROR: HTTP: handler of GET \/crash failed - boom/)
  assert.match(lines.join(''), /TypeError: broken handler/)
})

test('a query that does not parse is refused only when the handler asks for it', async (t) => {
  const server = await start(t)
  for (const query of ['topic=%zz', 'topic=a;b', 'x=1&y=%', 'a=%f']) {
    const answer = await ask(server, `GET /stats?${query}`)
    assert.equal(answer.status, 400, query)
    assert.equal(answer.body, '{"message":"INVALID_REQUEST"}')
  }
  assert.equal((await ask(server, 'GET /info?topic=%zz')).status, 200)
})

test('of a repeated parameter the first counts, escapes and plus signs are decoded', async (t) => {
  const server = await start(t)
  assert.equal((await ask(server, 'GET /stats?topic=a&topic=b')).body, 'a')
  assert.equal((await ask(server, 'GET /stats?topic=a%23ephemeral+b')).body, 'a#ephemeral b')
  assert.equal((await ask(server, 'GET /stats?%74opic=x')).body, 'x')
  assert.equal((await ask(server, 'GET /stats?topic')).body, '')
  assert.equal((await ask(server, 'GET /stats?&&x=1')).body, 'none')
  assert.equal((await ask(server, 'GET /stats?topic=%FF')).status, 200)
})

test('an unknown path is NOT_FOUND', async (t) => {
  const server = await start(t)
  for (const line of ['GET /nope', 'POST /PING', 'GET /config/', 'GET /config/a/b', 'GET /']) {
    const answer = await ask(server, line, 'Content-Length: 0\r\n')
    assert.equal(answer.status, 404, line)
    assert.equal(answer.body, '{"message":"NOT_FOUND"}')
    assert.equal(answer.headers.get('X-Nsq-Content-Type'), 'nsq; version=1.0')
  }
})

test('a wrong method, HEAD too, is answered with the sorted list of right ones', async (t) => {
  const server = await start(t)
  const cases = [
    ['POST /ping', 'GET, OPTIONS'],
    ['HEAD /ping', 'GET, OPTIONS'],
    ['GET /topic/create', 'OPTIONS, POST'],
    ['DELETE /config/x', 'GET, OPTIONS, PUT'],
    ['PROPFIND /ping', 'GET, OPTIONS'],
    ['PUT /static/a/b', 'GET, OPTIONS'],
  ] as const
  for (const [line, allow] of cases) {
    const answer = await ask(server, line, 'Content-Length: 0\r\n')
    assert.equal(answer.status, 405, line)
    assert.equal(answer.headers.get('Allow'), allow)
    assert.equal(answer.body, line.startsWith('HEAD') ? '' : '{"message":"METHOD_NOT_ALLOWED"}')
  }
})

test('OPTIONS lists the methods of a known path', async (t) => {
  const server = await start(t)
  const answer = await ask(server, 'OPTIONS /config/x')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('Allow'), 'GET, OPTIONS, PUT')
  assert.equal(answer.body, '')
  assert.equal(answer.headers.has('X-Nsq-Content-Type'), false)
  assert.equal((await ask(server, 'OPTIONS /nope')).status, 404)
  assert.equal((await ask(server, 'OPTIONS *')).status, 200)
})

test('a path in other letters or with stray slashes is redirected, query and all', async (t) => {
  const server = await start(t)
  const cases = [
    ['GET /ping/?x=1&y=2', 301, '/ping?x=1&y=2'],
    ['GET //ping', 301, '/ping'],
    ['GET /PING', 301, '/ping'],
    ['GET /a/../ping', 301, '/ping'],
    ['POST /Topic//Create/?topic=a', 307, '/topic/create?topic=a'],
    ['GET /CONFIG/Max_Rdy/', 301, '/config/Max_Rdy'],
    ['GET /config/a%23b/', 301, '/config/a%23b'],
    ['GET /debug/pprof', 301, '/debug/pprof/'],
    ['GET //Static/a/B.css', 301, '/static/a/B.css'],
  ] as const
  for (const [line, status, location] of cases) {
    const answer = await ask(server, line, 'Content-Length: 0\r\n')
    assert.equal(answer.status, status, line)
    assert.equal(answer.headers.get('Location'), location)
    assert.equal(answer.headers.has('X-Nsq-Content-Type'), false)
  }
  const html = (await ask(server, 'GET /ping/?x=1&y=2')).body
  assert.equal(html, '<a href="/ping?x=1&amp;y=2">Moved Permanently</a>.\n\n')
})

test('a handler learns the address of its peer', async (t) => {
  const where: Route = { method: 'GET', path: '/', handle: (r) => `${r.remoteAddress} ${r.peer}` }
  const { body } = await ask(await start(t, { routes: [where] }), 'GET /')
  assert.match(body, /^127\.0\.0\.1 127\.0\.0\.1:\d+$/)
})

test('path parameters arrive decoded', async (t) => {
  const server = await start(t)
  assert.equal((await ask(server, 'GET /config/a%23b%2Fc')).body, 'opt a#b/c')
  assert.equal((await ask(server, 'GET /static/a/b.css')).body, 'file a/b.css')
})

test('what is not HTTP gets HTTP/1.1 400 and is cut off', async (t) => {
  const server = await start(t)
  for (const garbage of [
    'garbage\r\n\r\n',
    '  V2IDENTIFY\n',
    '\u0000\u0001\u0002\r\n\r\n',
    'GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  ]) {
    const answer = await exchange(server, garbage)
    assert.match(answer.text, /^HTTP\/1\.1 400 Bad Request\r\n/, JSON.stringify(garbage))
  }
  assert.equal((await exchange(server, `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`)).status, 431)
})

test('headers that never end are given up with 408', async (t) => {
  const server = await start(t, { headersTimeoutMs: 50 })
  assert.equal((await exchange(server, 'GET /ping HTTP/1.1\r\nHost: x\r\nX-A: ')).status, 408)
})

test('each request is logged unless its route is quiet', async (t) => {
  const { lines, logger } = recorder()
  const server = await start(t, { logger })
  await ask(server, 'GET /ping')
  await ask(server, 'GET /stats?topic=a%20b')
  await ask(server, 'GET /nope')
  assert.equal(lines.length, 2)
  assert.match(
    lines[0] ?? '',
    /INFO: 200 GET \/stats\?topic=a%20b \(127\.0\.0\.1:\d+\) [\d.]+(ns|µs|ms)\n$/,
  )
  assert.match(lines[1] ?? '', /INFO: 404 GET \/nope \(127\.0\.0\.1:\d+\) /)
})

test('the gate answers before any routing', async (t) => {
  let isOpen = false
  const refusal = new HttpReply({
    status: 403,
    contentType: 'application/json; charset=utf-8',
    body: '{"message": "TLS_REQUIRED", "https_port": 0}',
  })
  const server = await start(t, { gate: () => (isOpen ? undefined : refusal) })
  for (const line of ['GET /ping', 'GET /nope', 'POST /topic/create', 'GET /ping/', 'OPTIONS *']) {
    const answer = await ask(server, line, 'Content-Length: 0\r\n')
    assert.equal(answer.status, 403, line)
    assert.equal(answer.body, '{"message": "TLS_REQUIRED", "https_port": 0}')
    assert.equal(answer.headers.get('X-Nsq-Content-Type'), 'nsq; version=1.0')
  }
  isOpen = true
  assert.equal((await ask(server, 'GET /ping')).status, 200)
})

test('a Unix socket serves too, and its file goes away', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tsq-http-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const address = join(folder, 'http.sock')
  const server = await start(t, { address })
  assert.equal(server.address, address)
  assert.equal(server.port, -1)
  const request = httpRequest({ socketPath: address, path: '/ping' }).end()
  const [response] = await once(request, 'response')
  assert.equal(response.statusCode, 200)
  response.resume()
  await server.close()
  const again = await HttpServer.start({ address, routes, logger: silentLogger() })
  await again.close()
})

test('a taken port is refused by name', async (t) => {
  const server = await start(t)
  await assert.rejects(start(t, { address: server.address }), {
    code: 'ERR_LISTEN',
    message: new RegExp(`^listen \\(${server.address}\\) failed - .*address already in use$`),
  })
})

test('closing drops idle connections at once, whether or not they were ever used', async (t) => {
  const server = await start(t)
  const unused = connect(server.port, '127.0.0.1')
  const used = connect(server.port, '127.0.0.1')
  await once(unused, 'connect')
  used.write('GET /ping HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(used, 'data')
  const started = performance.now()
  const gone = Promise.all([once(unused.resume(), 'close'), once(used.resume(), 'close')])
  await Promise.all([server.close(), server.close(), gone])
  assert.ok(performance.now() - started < 2_000)
})

test('closing lets a request in hand finish, then closes its connection', async (t) => {
  const { route, signals } = heldRoute()
  const server = await start(t, { routes: [route] })
  const asked = once(signals, 'asked')
  const answered = exchange(server, 'GET /held HTTP/1.1\r\nHost: x\r\n\r\n')
  await asked
  const closed = server.close()
  signals.emit('answer', 'done')
  const { body, headers } = await answered
  await closed
  assert.equal(body, 'done')
  assert.equal(headers.get('Connection'), 'close')
})

test('closing gives up on a request that never ends', async (t) => {
  const { route, signals } = heldRoute()
  const server = await start(t, { routes: [route], closeTimeoutMs: 50 })
  const asked = once(signals, 'asked')
  const socket = connect(server.port, '127.0.0.1')
  socket.write('GET /held HTTP/1.1\r\nHost: x\r\n\r\n')
  await asked
  await Promise.all([server.close(), once(socket.resume(), 'close')])
})

/** A route that says when it is asked and answers when it is told to. */
function heldRoute(): { route: Route; signals: EventEmitter } {
  const signals = new EventEmitter()
  const handle = async (): Promise<string> => {
    signals.emit('asked')
    const [text] = await once(signals, 'answer')
    return String(text)
  }
  return { route: { method: 'GET', path: '/held', handle }, signals }
}

test('a guard refuses before the body is read', async (t) => {
  let read = 0
  const guarded: Route[] = [
    {
      method: 'POST',
      path: '/write',
      maxBodyBytes: 1,
      guard: () => {
        throw new HttpError(403, 'FORBIDDEN')
      },
      handle: () => void read++,
    },
  ]
  const server = await start(t, { routes: guarded })
  const answer = await ask(server, 'POST /write', 'Content-Length: 100000\r\n')
  assert.deepEqual([answer.status, answer.body, read], [403, '{"message":"FORBIDDEN"}', 0])
})

test('every answer passes by who has the last word', async (t) => {
  const server = await start(t, { finish: markSeen })
  assert.equal((await ask(server, 'GET /ping')).headers.get('X-Seen'), '/ping')
  assert.equal((await ask(server, 'GET /nowhere')).headers.get('X-Seen'), '/nowhere')
  const failing = await start(t, { finish: () => Promise.reject(new Error('broken')) })
  assert.equal((await ask(failing, 'GET /ping')).body, 'OK')
})

test('an answer may go on for as long as its handler likes', async (t) => {
  const stream = new HttpStream({
    contentType: 'text/event-stream',
    begin: (response) => {
      response.write('data: 1\n\n')
      setImmediate(() => response.end('data: 2\n\n'))
    },
  })
  const server = await start(t, {
    routes: [{ method: 'GET', path: '/events', handle: () => stream }],
  })
  const response = await fetch(`http://${server.address}/events`)
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  assert.equal(await response.text(), 'data: 1\n\ndata: 2\n\n')
})

test('refuses connections beyond its limit, and takes them again when some have gone', async (t) => {
  const lines: string[] = []
  const logger = createLogger({ destination: { write: (line: string) => void lines.push(line) } })
  const server = await start(t, { maxConnections: 2, logger })
  const first = connect(server.port, '127.0.0.1')
  const second = connect(server.port, '127.0.0.1')
  await Promise.all([once(first, 'connect'), once(second, 'connect')])
  for (let i = 0; i < 3; i++) {
    const refused = connect(server.port, '127.0.0.1')
    refused.on('error', () => undefined)
    refused.resume()
    await once(refused, 'close')
  }
  assert.equal(lines.filter((line) => line.includes('refusing connections')).length, 1)
  first.destroy()
  await once(first, 'close')
  let answer
  // The server hears of it a moment later.
  for (let i = 0; i < 100 && answer?.status !== 200; i++) {
    answer = await ask(server, 'GET /ping').catch(() => undefined)
  }
  assert.equal(answer?.status, 200)
  second.destroy()
})

function markSeen(request: HttpRequest, reply: HttpReply): HttpReply {
  return reply.with({ 'X-Seen': request.url })
}
