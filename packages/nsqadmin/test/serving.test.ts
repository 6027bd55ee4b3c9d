// Base path, assets, the page, configuration, graphite, HTTPS, start-up.

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, request } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { gunzipSync, inflateRawSync } from 'node:zlib'

import { Nsqadmin, type NsqadminOptions } from '../src/index.ts'
import { normalBasePath } from '../src/startup.ts'
import { TestAdmin } from './support/admin.ts'

/** Nobody is asked in these tests. */
const NOBODY = { lookupdHttpAddresses: ['127.0.0.1:1'] }

async function tempFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tsq-nsqadmin-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

void suite('the base path', () => {
  void test('is brought to one form', () => {
    for (const [given, normal] of [
      ['', ''],
      ['/', ''],
      ['adm/', '/adm'],
      ['/adm', '/adm'],
      ['/a/b/', '/a/b'],
    ] as const) {
      assert.equal(normalBasePath(given), normal)
    }
  })

  void test('stands before everything, and outside of it there is nothing', async (t) => {
    const folder = await tempFolder(t)
    await writeFile(path.join(folder, 'x.js'), 'let x')
    const admin = await TestAdmin.start(t, { ...NOBODY, basePath: 'adm/', devStaticDir: folder })
    assert.equal((await admin.ask('GET /adm/ping')).text, 'OK')
    const page = await admin.ask('GET /adm')
    assert.match(page.text, /var BASE_PATH = "\/adm";/)
    assert.ok(!page.text.includes('__BASE_PATH__'))
    for (const target of [
      '/adm/topics/t',
      '/adm/topics/t/c',
      '/adm/nodes',
      '/adm/lookup',
      '/adm/counter',
    ]) {
      assert.equal((await admin.ask(`GET ${target}`)).status, 200, target)
    }
    assert.equal((await admin.ask('GET /adm/static/x.js')).text, 'let x')
    assert.equal((await admin.ask('GET /adm/api/session')).status, 200)
    const redirect = await admin.ask('GET /adm/')
    assert.deepEqual([redirect.status, redirect.headers.get('location')], [301, '/adm'])
    for (const target of ['/', '/ping', '/api/session', '/static/x.js', '/admin']) {
      assert.equal((await admin.ask(`GET ${target}`)).status, 404, target)
    }
  })

  void test('takes no host along: no redirect leads away', async (t) => {
    const admin = await TestAdmin.start(t, NOBODY)
    for (const target of ['//evil.example/', '//evil.example/..', '/%2F%2Fevil.example/ping/']) {
      const { status, headers } = await admin.ask(`GET ${target}`)
      const location = headers.get('location')
      assert.ok(
        status === 404 || (location !== null && /^\/(?!\/)/.test(location)),
        `${target} ${location}`,
      )
    }
  })
})

void suite('assets and the page', () => {
  void test('types, and what is not there', async (t) => {
    const folder = await tempFolder(t)
    for (const name of [
      'a.js',
      'a.css',
      'a.png',
      'a.svg',
      'a.woff2',
      'a.js.map',
      'main-abcd1234.js',
    ]) {
      await writeFile(path.join(folder, name), '1')
    }
    const admin = await TestAdmin.start(t, { ...NOBODY, devStaticDir: folder })
    const type = async (name: string): Promise<string | null> =>
      (await admin.ask(`GET /static/${name}`)).headers.get('content-type')
    assert.equal(await type('a.js'), 'text/javascript; charset=utf-8')
    assert.equal(await type('a.css'), 'text/css; charset=utf-8')
    assert.equal(await type('a.png'), 'image/png')
    assert.equal(await type('a.svg'), 'image/svg+xml')
    assert.equal(await type('a.js.map'), 'application/json')
    assert.equal((await admin.ask('GET /fonts/a.woff2')).headers.get('content-type'), 'font/woff2')
    const hashed = await admin.ask('GET /static/main-abcd1234.js')
    assert.match(hashed.headers.get('cache-control') ?? '', /immutable/)
    for (const name of ['nope.js', '..%2F..%2Fetc%2Fpasswd', '%2e%2e%2f%2e%2e%2fetc%2fpasswd']) {
      const { status, text } = await admin.ask(`GET /static/${name}`)
      assert.deepEqual([status, text], [404, 'NOT_FOUND'], name)
    }
  })

  void test('the page may run its own scripts and no others', async (t) => {
    const admin = await TestAdmin.start(t, NOBODY)
    const { headers, text } = await admin.ask('GET /')
    const policy = headers.get('content-security-policy') ?? ''
    assert.match(policy, /default-src 'none'/)
    assert.match(policy, /script-src 'self' 'sha256-[\w+/]{43}='/)
    assert.ok(!policy.includes('unsafe'))
    assert.match(policy, /frame-ancestors 'none'/)
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(headers.get('content-type'), 'text/html')
    for (const name of [
      'USER_AGENT',
      'VERSION',
      'GRAPHITE_URL',
      'GRAPH_ENABLED',
      'STATSD_COUNTER_FORMAT',
      'STATSD_GAUGE_FORMAT',
      'STATSD_INTERVAL',
      'STATSD_PREFIX',
      'NSQLOOKUPD',
      'IS_ADMIN',
      'BASE_PATH',
    ]) {
      assert.match(text, new RegExp(`var ${name} = `), name)
    }
  })

  void test('no password is on the page', async (t) => {
    const graphiteUrl = 'http://ann:secret@graphite.example/g'
    const admin = await TestAdmin.start(t, { ...NOBODY, graphiteUrl })
    const { text } = await admin.ask('GET /')
    assert.match(text, /var GRAPHITE_URL = "http:\/\/graphite\.example\/g";/)
    assert.ok(!text.includes('secret'))
  })

  void test('what the page is told can not become markup', async (t) => {
    const evil = '</script><script>alert(1)</script>%s'
    const admin = await TestAdmin.start(t, { ...NOBODY, statsdPrefix: evil })
    assert.ok(!(await admin.ask('GET /')).text.includes('<script>alert'))
  })

  void test('answers are compressed for who wants it, the first of gzip and deflate', async (t) => {
    const admin = await TestAdmin.start(t, NOBODY)
    const raw = async (accepted: string) => {
      const asking = request(`${admin.url}/api/history`, {
        headers: { 'accept-encoding': accepted },
      })
      asking.end()
      const [answer] = (await once(asking, 'response')) as [IncomingMessage]
      const chunks: Buffer[] = []
      for await (const chunk of answer) chunks.push(chunk as Buffer)
      return { headers: answer.headers, body: Buffer.concat(chunks) }
    }
    const plain = await raw('identity')
    assert.equal(plain.headers['vary'], 'Accept-Encoding')
    const gzip = await raw('br, gzip, deflate')
    assert.equal(gzip.headers['content-encoding'], 'gzip')
    assert.ok(gunzipSync(gzip.body).equals(plain.body))
    const deflate = await raw('deflate, gzip')
    assert.equal(deflate.headers['content-encoding'], 'deflate')
    assert.ok(inflateRawSync(deflate.body).equals(plain.body))
    assert.equal((await raw('gzip;q=0')).headers['content-encoding'], undefined)
  })
})

void suite('/config', () => {
  void test('shows every option by its key, and changes two', async (t) => {
    const admin = await TestAdmin.start(t, {
      ...NOBODY,
      graphiteUrl: 'http://me:secret@graphite:80/x',
    })
    const value = async (key: string): Promise<string> =>
      (await admin.ask(`GET /config/${key}`)).text
    assert.equal(await value('nsqlookupd_http_addresses'), '["127.0.0.1:1"]')
    assert.equal(await value('log_level'), '2')
    assert.equal(await value('http_client_request_timeout'), '1000000000')
    assert.equal(await value('acl_http_header'), 'X-Forwarded-User')
    assert.ok(!(await value('graphite_url')).includes('secret'))
    assert.equal((await admin.ask('PUT /config/log_level', 'DEBUG')).text, '1')
    const addresses = '["127.0.0.1:3"]'
    assert.equal(
      (await admin.ask('PUT /config/nsqlookupd_http_addresses', addresses)).text,
      addresses,
    )
    assert.match(String((await admin.outcome('GET /api/topics'))[1]), /127\.0\.0\.1:3/)
  })

  void test('refuses what is wrong', async (t) => {
    const admin = await TestAdmin.start(t, NOBODY)
    const cases: [string, string | undefined, number, string][] = [
      ['GET /config/nope', undefined, 400, 'INVALID_OPTION'],
      ['GET /config/admin_user', undefined, 400, 'INVALID_OPTION'],
      ['PUT /config/base_path', '/x', 400, 'INVALID_OPTION'],
      ['PUT /config/log_level', '"debug"', 400, 'INVALID_VALUE'],
      ['PUT /config/log_level', '', 413, 'INVALID_VALUE'],
      ['PUT /config/log_level', 'x'.repeat(1024 * 1024 + 1), 413, 'INVALID_VALUE'],
      ['PUT /config/nsqlookupd_http_addresses', '[', 400, 'INVALID_VALUE'],
      ['PUT /config/nsqlookupd_http_addresses', '["nope"]', 400, 'INVALID_VALUE'],
      ['PUT /config/nsqlookupd_http_addresses', '[]', 400, 'INVALID_VALUE'],
    ]
    for (const [line, body, status, message] of cases) {
      assert.deepEqual(await admin.outcome(line, body), [status, message], line)
    }
    const other = await admin.ask('POST /config/log_level', 'info')
    assert.deepEqual([other.status, other.headers.get('allow')], [405, 'GET, OPTIONS, PUT'])
  })

  void test('is for the addresses that are named', async (t) => {
    const admin = await TestAdmin.start(t, { ...NOBODY, allowConfigFromCidr: '10.0.0.0/8' })
    const headers = { 'x-forwarded-for': '10.1.1.1' }
    for (const line of ['GET /config/log_level', 'PUT /config/log_level']) {
      const body = line.startsWith('PUT') ? 'info' : undefined
      assert.deepEqual(await admin.outcome(line, body, headers), [403, 'FORBIDDEN'])
    }
  })
})

void suite('graphite', () => {
  void test('is asked for the browser, always the same one, below the base path too', async (t) => {
    const { url, asked } = await graphite(t, '<script>')
    const options = { ...NOBODY, graphiteUrl: url, proxyGraphite: true, basePath: '/adm' }
    const admin = await TestAdmin.start(t, options)
    const answer = await admin.ask('GET /adm/render?target=a&x=//evil')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), 'application/octet-stream', 'never as a page')
    assert.deepEqual(asked, [
      `/render?target=a&x=//evil Basic ${Buffer.from('u:p').toString('base64')}`,
    ])
    assert.match((await admin.ask('GET /adm')).text, /GRAPHITE_URL = "";\nvar GRAPH_ENABLED = true/)
    for (const target of ['/adm/render/../x', '/adm/render//evil', '/render']) {
      assert.notEqual((await admin.ask(`GET ${target}`)).status, 200, target)
    }
    assert.equal(asked.length, 1)
  })

  void test('gives rates', async (t) => {
    const { url, asked } = await graphite(t, '[{"datapoints":[[240.0,1]]}]')
    const admin = await TestAdmin.start(t, { ...NOBODY, graphiteUrl: url })
    assert.deepEqual((await admin.ask('GET /api/graphite?metric=rate&target=a.b')).json, {
      rate: '4.00',
    })
    assert.match(asked[0] ?? '', /^\/render\?from=-120sec&until=-60sec&format=json&target=a\.b /)
    assert.deepEqual(await admin.outcome('GET /api/graphite?target=a'), [400, 'INVALID_ARG_METRIC'])
    assert.deepEqual(await admin.outcome('GET /api/graphite?metric=rate'), [
      400,
      'INVALID_ARG_TARGET',
    ])
    assert.equal((await admin.ask('GET /render?target=a')).status, 404, 'no proxy unless asked for')
    const empty = await graphite(t, '[]')
    const other = await TestAdmin.start(t, { ...NOBODY, graphiteUrl: empty.url })
    const outcome = await other.outcome('GET /api/graphite?metric=rate&target=a')
    assert.deepEqual(outcome, [500, 'INTERNAL_ERROR'])
  })
})

void suite('starting', () => {
  const cases: [Partial<NsqadminOptions>, RegExp][] = [
    [{}, /^--nsqd-http-address or --lookupd-http-address required$/],
    [
      { ...NOBODY, nsqdHttpAddresses: ['a:1'] },
      /^use --nsqd-http-address or --lookupd-http-address not both$/,
    ],
    [
      { ...NOBODY, httpClientTlsCert: 'x' },
      /^--http-client-tls-key must be specified with --http-client-tls-cert$/,
    ],
    [
      { ...NOBODY, httpClientTlsKey: 'x' },
      /^--http-client-tls-cert must be specified with --http-client-tls-key$/,
    ],
    [
      { ...NOBODY, httpClientTlsCert: '/no', httpClientTlsKey: '/no' },
      /^failed to LoadX509KeyPair \/no, \/no - no such file/,
    ],
    [
      { ...NOBODY, httpClientTlsRootCaFile: '/no' },
      /^failed to read TLS root CA file \/no - no such file or directory$/,
    ],
    [
      { ...NOBODY, httpClientTlsRootCaFile: '/dev/null' },
      /^failed to AppendCertsFromPEM \/dev\/null$/,
    ],
    [{ lookupdHttpAddresses: ['nope'] }, /^failed to resolve --lookupd-http-address \(nope\) - /],
    [
      { nsqdHttpAddresses: ['no.such.host.invalid:1'] },
      /^failed to resolve --nsqd-http-address \(no\.such\.host\.invalid:1\) - lookup no\.such\.host\.invalid: no such host$/,
    ],
    [
      { ...NOBODY, allowConfigFromCidr: '1.2.3.4' },
      /^failed to parse --allow-config-from-cidr \(1\.2\.3\.4\) - invalid CIDR address: 1\.2\.3\.4$/,
    ],
    [
      { ...NOBODY, graphiteUrl: '::', proxyGraphite: true },
      /^failed to parse --graphite-url \(::\) - /,
    ],
    [
      { ...NOBODY, users: ['ann:admin:nope'] },
      /^--user number 1 \(ann\) has a hash that is none; make one with/,
    ],
    [{ ...NOBODY, auditLog: '/no/such/folder/audit.log' }, /^failed to open --audit-log - /],
    [{ ...NOBODY, httpAddress: '127.0.0.1:x' }, /^listen \(127\.0\.0\.1:x\) failed - /],
  ]
  for (const [options, expected] of cases) {
    void test(`is refused with a sentence: ${expected.source.slice(1, 60)}`, async () => {
      await assert.rejects(Nsqadmin.start({ httpAddress: '127.0.0.1:0', ...options }), (error) => {
        assert.match((error as Error).message, expected)
        return true
      })
    })
  }
})

async function graphite(t: TestContext, answer: string): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((asking, response) => {
    asked.push(`${asking.url} ${asking.headers.authorization ?? ''}`)
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(answer)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://u:p@127.0.0.1:${port}/ignored`, asked }
}
