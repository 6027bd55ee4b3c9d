import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { type HttpAnswer, type HttpClient, silentLogger } from '@tsq/daemon'

import { AuthServers } from '../../src/auth/auth-servers.ts'
import { SessionAuth } from '../../src/auth/session-auth.ts'
import { allowAll } from '../support/fake-auth-server.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** Answers at once, and keeps what it was asked. */
class FakeHttpClient implements Pick<HttpClient, 'ask' | 'close'> {
  readonly asked: URL[] = []
  answer: HttpAnswer | undefined = { status: 200, text: allowAll({ ttl: 10 }) }

  ask(url: URL): Promise<HttpAnswer> {
    this.asked.push(url)
    if (this.answer === undefined) return Promise.reject(new Error('it is away'))
    return Promise.resolve(this.answer)
  }

  close(): void {}
}

interface Given {
  readonly auth: SessionAuth
  readonly client: FakeHttpClient
  readonly clock: FakeClock
  /** Does what a session does: tries again when it may. */
  readonly tried: <T>(command: () => T) => Promise<T>
}

function given(addresses = ['a:1'], random = (): number => 0): Given {
  const client = new FakeHttpClient()
  const clock = new FakeClock()
  const servers = new AuthServers({
    addresses,
    method: 'GET',
    client: client as unknown as HttpClient,
    clock,
    logger: silentLogger(),
    random,
  })
  let goOn: (() => void) | undefined
  const peer = { remoteIp: '', isTls: false, commonName: '' }
  const auth = new SessionAuth(
    servers,
    () => peer,
    () => goOn?.(),
  )
  const tried = async <T>(command: () => T): Promise<T> => {
    for (;;) {
      const answered = new Promise<void>((resolve) => (goOn = resolve))
      const outcome = command()
      if (outcome !== undefined && outcome !== false) return outcome
      await answered
    }
  }
  return { auth, client, clock, tried }
}

const secret = Buffer.from('s')

void suite('the authorization of a connection', () => {
  void test('lasts as long as the auth server said, and is then asked for again', async () => {
    const { auth, client, clock, tried } = given()
    await tried(() => auth.authenticate(secret))
    clock.advance(9_999)
    for (let i = 0; i < 3; i++) assert.equal(auth.mayPublish('PUB', 't'), true)
    assert.equal(auth.maySubscribe('t', 'c'), true)
    assert.equal(client.asked.length, 1)
    clock.advance(1)
    assert.equal(auth.mayPublish('PUB', 't'), false, 'it waits')
    assert.equal(await tried(() => auth.mayPublish('PUB', 't')), true)
    assert.equal(client.asked.length, 2)
    assert.equal(client.asked[1]?.href, client.asked[0]?.href)
    clock.advance(9_999)
    assert.equal(auth.mayPublish('PUB', 't'), true)
  })

  void test('ends when it cannot be had again', async () => {
    const { auth, client, clock, tried } = given(['a:1', 'b:1'])
    await tried(() => auth.authenticate(secret))
    clock.advance(10_000)
    client.answer = undefined
    await assert.rejects(
      tried(() => auth.maySubscribe('t', 'c')),
      /^ProtocolError: E_AUTH_FAILED AUTH failed$/,
    )
    assert.equal(client.asked.length, 3, 'each server was asked once')
  })

  void test('is what the newest answer says', async () => {
    const { auth, client, clock, tried } = given()
    await tried(() => auth.authenticate(secret))
    assert.equal(auth.mayPublish('PUB', 't'), true)
    clock.advance(10_000)
    client.answer = { status: 200, text: allowAll({ authorizations: [], identity: 'nobody' }) }
    await assert.rejects(
      tried(() => auth.mayPublish('PUB', 't')),
      /E_UNAUTHORIZED AUTH failed for PUB on "t" ""$/,
    )
    assert.equal(auth.grant?.identity, 'nobody')
  })

  void test('for one topic says nothing about another', async () => {
    const { auth, client, tried } = given()
    const authorizations = [{ topic: 't', channels: [''], permissions: ['publish'] }]
    client.answer = { status: 200, text: allowAll({ authorizations }) }
    await tried(() => auth.authenticate(secret))
    assert.equal(auth.mayPublish('PUB', 't'), true)
    assert.throws(() => auth.mayPublish('PUB', 'u'), /E_UNAUTHORIZED/)
    assert.equal(auth.mayPublish('PUB', 't'), true)
  })

  void test('is not asked for with a secret that is too long', async () => {
    const { auth, client, tried } = given()
    await assert.rejects(
      tried(() => auth.authenticate(Buffer.alloc(16 * 1024 + 1))),
      /E_AUTH_FAILED AUTH failed$/,
    )
    assert.equal(client.asked.length, 0)
  })

  void test('begins with any of several servers', async () => {
    for (const [random, hosts] of [
      [0, ['a', 'b', 'c']],
      [0.4, ['b', 'c', 'a']],
      [0.99, ['c', 'a', 'b']],
    ] as const) {
      const { auth, client, tried } = given(['a:1', 'b:1', 'c:1'], () => random)
      client.answer = undefined
      await assert.rejects(tried(() => auth.authenticate(secret)))
      assert.deepEqual(
        client.asked.map((url) => url.hostname),
        hosts,
      )
    }
  })
})
