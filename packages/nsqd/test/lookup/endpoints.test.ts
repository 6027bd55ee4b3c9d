import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { HttpClient, silentLogger } from '@tsq/daemon'

import { Endpoints } from '../../src/lookup/endpoints.ts'
import { Lookupds } from '../../src/lookup/lookupds.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { FakeNsqlookupd } from '../support/fake-nsqlookupd.ts'
import { waitUntil } from '../support/wait-until.ts'

interface Given {
  readonly endpoints: Endpoints
  readonly clock: FakeClock
  /** What a name resolves to; an error where it is missing. */
  readonly records: Record<string, string[]>
  /** The addresses last told of. */
  readonly found: () => string[]
}

/** Lets the lookups under way come to an end. */
async function settle(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
}

function given(): Given {
  const clock = new FakeClock()
  const records: Record<string, string[]> = {}
  let found: string[] = []
  const endpoints = new Endpoints({
    clock,
    logger: silentLogger(),
    resolve: (host) => {
      const answer = records[host]
      return answer === undefined
        ? Promise.reject(new Error(`getaddrinfo ENOTFOUND ${host}`))
        : Promise.resolve(answer)
    },
    onChange: (all) => (found = all.map(({ address }) => address)),
  })
  return { endpoints, clock, records, found: () => found }
}

void suite('names of nsqlookupd', () => {
  void test('stand for all their records, of one family: a machine with both is not two', async () => {
    const { endpoints, records, found } = given()
    records['lookup.example'] = ['10.0.0.2', '10.0.0.1', 'fd00::1']
    records['six.example'] = ['fd00::2']
    endpoints.addresses = [
      'lookup.example:4160',
      'six.example:4160',
      '10.0.0.9:4170',
      'localhost:4160',
    ]
    assert.deepEqual(
      found(),
      ['10.0.0.9:4170', 'localhost:4160'],
      'what is no name is there at once',
    )
    endpoints.start()
    await endpoints.found
    const expected = [
      '10.0.0.1:4160',
      '10.0.0.2:4160',
      '[fd00::2]:4160',
      '10.0.0.9:4170',
      'localhost:4160',
    ]
    assert.deepEqual(found(), expected)
    endpoints.close()
  })

  void test('are looked up again every 30 s: records come and go', async () => {
    const { endpoints, clock, records, found } = given()
    records['lookup.example'] = ['10.0.0.1']
    endpoints.addresses = ['lookup.example:4160']
    endpoints.start()
    await endpoints.found
    await settle()
    records['lookup.example'] = ['10.0.0.2', '10.0.0.3']
    clock.advance(29_999)
    await settle()
    assert.deepEqual(found(), ['10.0.0.1:4160'])
    clock.advance(1)
    await settle()
    assert.deepEqual(found(), ['10.0.0.2:4160', '10.0.0.3:4160'])
    endpoints.close()
    assert.equal(clock.pending, 0)
  })

  void test('keep what was known while they cannot be looked up, and are tried again sooner', async () => {
    const { endpoints, clock, records, found } = given()
    records['lookup.example'] = ['10.0.0.1']
    endpoints.addresses = ['lookup.example:4160']
    endpoints.start()
    await endpoints.found
    await settle()
    delete records['lookup.example']
    clock.advance(30_000)
    await settle()
    assert.deepEqual(found(), ['10.0.0.1:4160'])
    records['lookup.example'] = []
    clock.advance(5_000)
    await settle()
    assert.deepEqual(found(), ['10.0.0.1:4160'], 'an empty answer is a failure too')
    records['lookup.example'] = ['10.0.0.2']
    clock.advance(5_000)
    await settle()
    assert.deepEqual(found(), ['10.0.0.2:4160'])
    endpoints.close()
  })

  void test('that have a record in common are connected to once', async () => {
    const { endpoints, records, found } = given()
    records['one.example'] = ['10.0.0.1', '10.0.0.2']
    records['two.example'] = ['10.0.0.2']
    endpoints.addresses = ['one.example:4160', 'two.example:4160']
    endpoints.start()
    await endpoints.found
    assert.deepEqual(found(), ['10.0.0.1:4160', '10.0.0.2:4160'])
    endpoints.close()
  })

  void test('that are configured no more are forgotten at once', async () => {
    const { endpoints, records, found } = given()
    records['one.example'] = ['10.0.0.1']
    endpoints.addresses = ['one.example:4160']
    endpoints.start()
    await endpoints.found
    endpoints.addresses = ['10.0.0.7:4160']
    assert.deepEqual(found(), ['10.0.0.7:4160'])
    endpoints.close()
  })

  void test('are connected to, and left when their record vanishes', async () => {
    await using first = await FakeNsqlookupd.start({ host: '127.0.0.2' })
    await using second = await FakeNsqlookupd.start({ host: '127.0.0.3', port: first.port })
    const clock = new FakeClock()
    let records = ['127.0.0.2', '127.0.0.3']
    const timeouts = { connectTimeoutMs: 1_000, requestTimeoutMs: 1_000 }
    const client = new HttpClient(timeouts)
    const lookupds = new Lookupds({
      addresses: [`lookup.example:${first.port}`],
      clock,
      logger: silentLogger(),
      client,
      requestTimeoutMs: 1_000,
      resolve: () => Promise.resolve(records),
      identity: () => ({ version: '1.3.0' }),
      topics: () => [],
    })
    lookupds.start()
    await waitUntil(() => first.received.length === 2 && second.received.length === 2)
    records = ['127.0.0.3']
    // Their pings time out on the way, as far as this clock goes; whoever is still wanted is connected to again.
    await waitUntil(() => {
      clock.advance(1_000)
      return first.sockets.size === 0 && second.sockets.size === 1
    }, 'only the record that is left is connected to')
    const connections = first.received.length
    for (let i = 0; i < 60; i++) clock.advance(1_000)
    assert.equal(first.received.length, connections)
    lookupds.close()
    client.close()
  })
})
