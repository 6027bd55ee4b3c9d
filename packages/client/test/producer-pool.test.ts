import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NsqError } from '../src/errors.ts'
import { ProducerPool } from '../src/producer-pool.ts'
import { FakeLookupd } from './support/fake-lookupd.ts'
import { FakeNsqd } from './support/fake-nsqd.ts'

const QUICK = { reconnectMinMs: 5, reconnectMaxMs: 20 }

async function connected(pool: ProducerPool, fake: FakeNsqd, count: number): Promise<void> {
  const ready = (): number => pool.nodes.filter((node) => node.isConnected).length
  await fake.until(() => ready() === count, `${count} connected`)
}

void test('publishes go round the nsqd', async () => {
  await using one = await FakeNsqd.start()
  await using two = await FakeNsqd.start()
  await using pool = new ProducerPool({ nsqd: [one.address, two.address] })
  await connected(pool, one, 2)
  for (let i = 0; i < 4; i++) await pool.publish('t', `m${i}`)
  await pool.publishMany('t', ['a', 'b'])
  await pool.publishDeferred('t', 'c', 5)
  assert.equal(one.commands.length, 3)
  assert.equal(two.commands.length, 3)
  assert.equal(pool.stats.messagesPublished, 7)
})

void test('publishes wait for the first nsqd to come up', async () => {
  await using fake = await FakeNsqd.start()
  await using pool = new ProducerPool({ nsqd: fake.address })
  await pool.publish('t', 'early')
  assert.deepEqual(fake.commands, ['PUB t early'])
})

void test('a publish fails over when its nsqd goes, and the nsqd is used again when it is back', async () => {
  const one = await FakeNsqd.start({
    onCommand: (command, session) => {
      if (command.name === 'PUB') session.destroy()
      return command.name === 'PUB'
    },
  })
  await using two = await FakeNsqd.start()
  await using pool = new ProducerPool({ nsqd: [one.address, two.address], ...QUICK })
  await connected(pool, one, 2)
  await Promise.all(['a', 'b', 'c', 'd'].map((body) => pool.publish('t', body)))
  assert.equal(two.commands.length, 4)
  const { port } = one
  await one.close()
  await pool.publish('t', 'e')
  assert.equal(two.commands.length, 5)
  await using again = await FakeNsqd.start({ listen: { port, host: '127.0.0.1' } })
  await connected(pool, again, 2)
  await Promise.all(['f', 'g'].map((body) => pool.publish('t', body)))
  assert.equal(again.commands.length, 1)
})

void test('a refusal that may be retried is tried elsewhere, another is not', async () => {
  await using full = await FakeNsqd.start({
    onCommand: (command, session) => {
      if (command.name !== 'PUB') return false
      session.error('E_PUB_FAILED PUB failed no space left on device')
      return true
    },
  })
  await using good = await FakeNsqd.start()
  await using pool = new ProducerPool({ nsqd: [full.address, good.address], ...QUICK })
  await connected(pool, full, 2)
  await Promise.all([pool.publish('t', 'a'), pool.publish('t', 'b')])
  assert.equal(good.commands.length, 2)
  await assert.rejects(pool.publish('a b', 'x'), { code: 'ERR_TOPIC_NAME' })
  await using alone = new ProducerPool({ nsqd: full.address, queueTimeoutMs: 60, ...QUICK })
  await assert.rejects(alone.publish('t', 'x'), { code: 'ERR_SERVER' })
})

void test('without retryUnknown a lost publish is reported', async () => {
  await using one = await FakeNsqd.start({
    onCommand: (command, session) => {
      if (command.name === 'PUB') session.destroy()
      return command.name === 'PUB'
    },
  })
  await using pool = new ProducerPool({ nsqd: one.address, retryUnknown: false, ...QUICK })
  await assert.rejects(pool.publish('t', 'x'), { code: 'ERR_OUTCOME_UNKNOWN' })
})

void test('with no nsqd at all publishes fail after their time, or when closed', async () => {
  const gone = await FakeNsqd.start()
  await gone.close()
  const pool = new ProducerPool({ nsqd: gone.address, queueTimeoutMs: 60, ...QUICK })
  const codes: string[] = []
  pool.on('error', (error) => codes.push(error instanceof NsqError ? error.code : 'other'))
  await assert.rejects(pool.publish('t', 'x'), { code: 'ERR_QUEUE_TIMEOUT' })
  const late = pool.publish('t', 'y')
  await pool.close()
  await assert.rejects(late, { code: 'ERR_CLOSED' })
  assert.ok(codes.includes('ERR_CONNECT'))
  assert.throws(() => new ProducerPool({}), { code: 'ERR_OPTION' })
})

void test('follows the nsqd that nsqlookupd knows', async () => {
  await using one = await FakeNsqd.start()
  await using two = await FakeNsqd.start()
  await using lookupd = await FakeLookupd.start([one.port])
  await using pool = new ProducerPool({
    lookupd: lookupd.address,
    lookupdPollIntervalMs: 20,
    ...QUICK,
  })
  await pool.publish('t', 'first')
  assert.deepEqual(one.commands, ['PUB t first'])
  assert.equal(lookupd.requests[0]?.url, '/nodes')
  lookupd.ports = [two.port]
  await two.until(() =>
    pool.nodes.every((node) => node.address === two.address && node.isConnected),
  )
  await pool.publish('t', 'second')
  assert.deepEqual(two.commands, ['PUB t second'])
  await one.until(() => one.last.isClosed, 'the first closed')
})
