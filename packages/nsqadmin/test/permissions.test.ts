import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { Gatekeeper } from '../src/auth/gatekeeper.ts'
import { hashPassword, isPassword, parsePasswordHash } from '../src/auth/password.ts'
import { LoginLimit } from '../src/auth/login-limit.ts'
import { Sessions } from '../src/auth/sessions.ts'
import { parseUser } from '../src/auth/users.ts'
import { type TestAdmin, watched } from './support/admin.ts'
import { topicName } from './support/fake-cluster.ts'

const TOPIC = encodeURIComponent(topicName(0))
/** The six writes of nsqadmin 1.3.0, and the least role that may. */
const WRITES: readonly (readonly [line: string, body: unknown, role: 'operator' | 'admin'])[] = [
  ['POST /api/topics', { topic: 'new' }, 'operator'],
  [`POST /api/topics/${TOPIC}`, { action: 'pause' }, 'operator'],
  [`POST /api/topics/${TOPIC}/channel-0`, { action: 'empty' }, 'operator'],
  [`DELETE /api/topics/${TOPIC}/channel-0`, undefined, 'admin'],
  [`DELETE /api/topics/${TOPIC}`, undefined, 'admin'],
  ['DELETE /api/nodes/127.0.0.1:1', { topic: 't' }, 'admin'],
]
/** And those of ours. */
const MORE_WRITES: typeof WRITES = [
  ['POST /api/publish', { topic: topicName(0), body: 'x' }, 'operator'],
  ['POST /api/bulk', { action: 'pause', targets: [{ topic: topicName(0) }] }, 'operator'],
  ['POST /api/bulk', { action: 'delete', targets: [{ topic: topicName(0) }] }, 'admin'],
  ['PUT /config/log_level', 'info', 'admin'],
]

void suite('who may do what', () => {
  void test('by the header, as in nsqadmin 1.3.0: name for name, letter for letter', async (t) => {
    const { admin } = await watched(t, { adminUsers: ['bob'] })
    const forbidden = [403, 'FORBIDDEN']
    for (const [line, body] of WRITES) {
      assert.deepEqual(await admin.outcome(line, body), forbidden, line)
      for (const user of ['eve', 'Bob', '']) {
        const headers = { 'x-forwarded-user': user }
        assert.deepEqual(await admin.outcome(line, body, headers), forbidden, `${user} ${line}`)
      }
      const [status] = await admin.outcome(line, body, { 'X-FORWARDED-USER': 'bob' })
      assert.equal(status, line.includes('/nodes/') ? 404 : 200, line)
    }
    assert.equal((await admin.ask('GET /api/topics')).status, 200, 'everybody may look')
  })

  void test('an operator may all but delete and configure', async (t) => {
    const { admin } = await watched(t, { adminUsers: ['bob'], operatorUsers: ['oscar'] })
    const headers = { 'x-forwarded-user': 'oscar' }
    for (const [line, body, role] of [...WRITES, ...MORE_WRITES]) {
      const [status] = await admin.outcome(line, body, headers)
      assert.equal(status === 403, role === 'admin', line)
    }
    assert.deepEqual(
      (await admin.ask('GET /api/session', undefined, headers)).json['role'],
      'operator',
    )
    assert.equal((await admin.ask('GET /api/audit')).status, 403, 'it names people')
    assert.equal((await admin.ask('GET /api/audit', undefined, headers)).status, 200)
    const peek = `GET /api/peek?topic=${TOPIC}&channel=channel-0`
    assert.equal((await admin.ask(peek)).status, 403, 'bodies are not for viewers')
    assert.equal((await admin.ask(`GET /api/tail?topic=${TOPIC}`)).status, 403)
  })

  void test('where nobody is named everybody may do everything, but no other site', async (t) => {
    const { admin } = await watched(t)
    const line = `POST /api/topics/${TOPIC}`
    const body = { action: 'pause' }
    assert.equal((await admin.ask(line, body)).status, 200)
    const host = admin.admin.httpAddress
    const cases: [Record<string, string>, number][] = [
      [{ origin: 'http://evil.example' }, 403],
      [{ origin: 'null' }, 403],
      [{ origin: `http://${host}` }, 200],
      [{ 'sec-fetch-site': 'cross-site' }, 403],
      [{ 'sec-fetch-site': 'same-site' }, 403],
      [{ 'sec-fetch-site': 'same-origin', origin: 'http://behind-a-proxy' }, 200],
    ]
    for (const [headers, status] of cases) {
      assert.equal((await admin.ask(line, body, headers)).status, status, JSON.stringify(headers))
    }
  })

  void test('nobody may change anything where it is read-only', async (t) => {
    const { admin } = await watched(t, { readOnly: true })
    for (const [line, body] of [...WRITES, ...MORE_WRITES]) {
      assert.deepEqual(await admin.outcome(line, body), [403, 'READ_ONLY'], line)
    }
    assert.equal((await admin.ask('GET /api/session')).json['read_only'], true)
    assert.match((await admin.ask('GET /')).text, /var IS_ADMIN = false;/)
  })

  void test('who configures is written down', async (t) => {
    const { admin } = await watched(t)
    assert.equal((await admin.ask('PUT /config/log_level', 'info')).status, 200)
    const { entries } = (await admin.ask('GET /api/audit')).json as {
      entries: { action: string; message: string }[]
    }
    assert.deepEqual([entries[0]?.action, entries[0]?.message], ['config', 'log_level=info'])
  })

  void test('permission is looked at before the body', async (t) => {
    const { admin } = await watched(t, { adminUsers: ['bob'] })
    assert.deepEqual(await admin.outcome('POST /api/topics', 'x'.repeat(1_000_000)), [
      403,
      'FORBIDDEN',
    ])
  })
})

void suite('logging in', () => {
  void test('nothing is shown before, the page excepted', async (t) => {
    const admin = await withUsers(t)
    for (const path of [
      'topics',
      'nodes',
      'overview',
      'summary/topics',
      'history',
      'events',
      'audit',
    ]) {
      assert.deepEqual(await admin.outcome(`GET /api/${path}`), [401, 'LOGIN_REQUIRED'], path)
    }
    assert.deepEqual(await admin.outcome('GET /config/users'), [401, 'LOGIN_REQUIRED'])
    const page = await admin.ask('GET /')
    assert.equal(page.status, 200)
    assert.match(page.text, /var GRAPHITE_URL = "";/)
    assert.match(page.text, /var NSQLOOKUPD = \[\];/)
    assert.ok(!page.headers.get('content-security-policy')?.includes('graphite.example'))
    const { json } = await admin.ask('GET /api/session')
    assert.deepEqual([json['mode'], json['role'], json['lookupds']], ['login', undefined, []])
  })

  void test('a session has its role, and its token for changes', async (t) => {
    const admin = await withUsers(t)
    const viewer = await logIn(admin, 'vic')
    assert.equal((await admin.ask('GET /api/topics', undefined, viewer)).status, 200)
    const line = `POST /api/topics/${TOPIC}`
    assert.deepEqual(await admin.outcome(line, { action: 'pause' }, viewer), [403, 'FORBIDDEN'])

    const session = await logIn(admin, 'ann')
    const { json } = await admin.ask('GET /api/session', undefined, session)
    assert.deepEqual([json['user'], json['role']], ['ann', 'admin'])
    assert.deepEqual(await admin.outcome(line, { action: 'pause' }, session), [
      403,
      'BAD_CSRF_TOKEN',
    ])
    const full = { ...session, 'x-csrf-token': String(json['csrf_token']) }
    const { entries } = (await admin.ask('GET /api/audit', undefined, full)).json as {
      entries: { action: string; user: string }[]
    }
    assert.deepEqual(
      entries.map(({ action, user }) => [action, user]),
      [
        ['login', 'ann'],
        ['login', 'vic'],
      ],
    )
    assert.deepEqual(await admin.outcome(line, { action: 'pause' }, full), [200, ''])
    assert.deepEqual(
      (await admin.ask('GET /config/users', undefined, full)).json,
      ['ann:admin', 'vic:viewer'],
      'without the hashes',
    )
    assert.equal((await admin.ask('POST /api/logout', {}, full)).status, 200)
    assert.equal((await admin.ask('GET /api/topics', undefined, session)).status, 401)
  })

  void test('a wrong password is refused, and soon not even looked at', async (t) => {
    const admin = await withUsers(t)
    for (let i = 0; i < 5; i++) {
      const wrong = { user: 'ann', password: `guess ${i}` }
      assert.deepEqual(await admin.outcome('POST /api/login', wrong), [401, 'BAD_LOGIN'])
    }
    const right = { user: 'ann', password: 'correct horse' }
    assert.deepEqual(await admin.outcome('POST /api/login', right), [429, 'TOO_MANY_ATTEMPTS'])
    const other = { user: 'nobody', password: 'correct horse' }
    assert.deepEqual(await admin.outcome('POST /api/login', other), [401, 'BAD_LOGIN'])
    const odd = [{}, { user: 1, password: 'x' }, { user: 'x'.repeat(65), password: 'x' }]
    for (const body of odd) {
      assert.deepEqual(await admin.outcome('POST /api/login', body), [400, 'INVALID_BODY'])
    }
  })

  void test('an open nsqadmin has no login', async (t) => {
    const { admin } = await watched(t)
    const body = { user: 'a', password: 'b' }
    assert.deepEqual(await admin.outcome('POST /api/login', body), [404, 'NO_LOGIN'])
  })
})

void suite('the parts of a login', () => {
  void test('a hash is of one password, and costs no more than it may', async () => {
    const text = await hashPassword('päss')
    const hash = parsePasswordHash(text)
    assert.ok(hash)
    assert.ok(await isPassword('päss', hash))
    assert.ok(await isPassword('pa\u0308ss', hash), 'typed in another way')
    assert.ok(!(await isPassword('pass', hash)))
    assert.notEqual(await hashPassword('päss'), text, 'salted')
    const salt = 'A'.repeat(22)
    const key = 'A'.repeat(43)
    for (const bad of [
      '',
      'x',
      `scrypt$16384$8$1$${salt}$x`,
      `scrypt$1048576$64$1$${salt}$${key}`,
      `scrypt$1000$8$1$${salt}$${key}`,
      `scrypt$1024$0$1$${salt}$${key}`,
    ]) {
      assert.equal(parsePasswordHash(bad), undefined, bad)
    }
  })

  void test('what is wrong with a user is said without the hash', async () => {
    const hash = await hashPassword('12345678')
    assert.equal(typeof parseUser(`a:admin:${hash}`), 'object')
    for (const entry of [
      'a',
      'a:admin',
      `:admin:${hash}`,
      `a:root:${hash}`,
      `a:admin:nope`,
      `a:admin:${hash}:x`,
    ]) {
      const problem = parseUser(entry)
      assert.ok(typeof problem === 'string' && !problem.includes(hash), entry)
    }
  })

  void test('sessions end, and the oldest go when there are too many', () => {
    let now = 0
    const sessions = new Sessions(1_000, () => now)
    const user = { name: 'a', role: 'viewer', hash: {} as never } as const
    const first = sessions.begin(user)
    assert.ok(sessions.find(first))
    now = 1_000
    assert.equal(sessions.find(first), undefined)
    const kept = Array.from({ length: 10_005 }, () => sessions.begin(user))
    assert.ok(sessions.count <= 10_000)
    assert.equal(sessions.find(kept[0]!), undefined)
    assert.ok(sessions.find(kept.at(-1)!))
  })

  void test('guessing is possible again after five minutes', () => {
    let now = 0
    const limit = new LoginLimit(() => now)
    for (let i = 0; i < 5; i++) limit.failed('1.2.3.4', 'ann')
    assert.equal(limit.waitMs('1.2.3.4', 'ann'), 300_000)
    assert.equal(limit.waitMs('1.2.3.4', 'bob'), 0)
    assert.equal(limit.waitMs('5.6.7.8', 'ann'), 0, 'nobody is locked out from elsewhere')
    now = 300_000
    assert.equal(limit.waitMs('1.2.3.4', 'ann'), 0)
    for (let i = 0; i < 60; i++) limit.failed('1.2.3.4', `name ${i}`)
    assert.ok(limit.waitMs('1.2.3.4', 'fresh name') > 0, 'one address, many names')
  })

  void test('the way people are told apart follows from the options', () => {
    const options = {
      adminUsers: [],
      operatorUsers: [],
      aclHttpHeader: 'X',
      readOnly: false,
      sessionLifetimeMs: 1,
    }
    assert.equal(new Gatekeeper(options, []).mode, 'open')
    assert.equal(new Gatekeeper({ ...options, operatorUsers: ['o'] }, []).mode, 'header')
  })
})

async function withUsers(t: Parameters<typeof watched>[0]): Promise<TestAdmin> {
  const hash = await hashPassword('correct horse')
  const users = [`ann:admin:${hash}`, `vic:viewer:${hash}`]
  return (
    await watched(t, { users, allowConfigFromCidr: '', graphiteUrl: 'http://graphite.example' })
  ).admin
}

async function logIn(admin: TestAdmin, user: string): Promise<Record<string, string>> {
  const answer = await admin.ask('POST /api/login', { user, password: 'correct horse' })
  assert.equal(answer.status, 200)
  const cookie = answer.headers.get('set-cookie') ?? ''
  assert.match(
    cookie,
    /^nsqadmin_session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
  )
  return { cookie: cookie.split(';')[0] ?? '' }
}
