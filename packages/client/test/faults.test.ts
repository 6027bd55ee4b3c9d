// Connections that are cut, split and delayed, and servers that lie. Every run replays from its seed.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { encodeFrame, encodeResponse } from '@tsq/protocol'
import { Consumer } from '../src/consumer.ts'
import { NsqError } from '../src/errors.ts'
import { Producer } from '../src/producer.ts'
import { FakeNsqd } from './support/fake-nsqd.ts'
import { FaultProxy, seededRandom } from './support/fault-proxy.ts'
import { RawServer } from './support/raw-server.ts'

const SEEDS = Number(process.env['TSQ_TEST_SEEDS'] ?? 100)
const FIRST_SEED = Number(process.env['TSQ_TEST_SEED'] ?? 1)
const IN_PARALLEL = 10
const QUICK = { reconnectMinMs: 1, reconnectMaxMs: 5, heartbeatIntervalMs: 1_000 }
const EXPECTED = new Set(['ok', 'ERR_OUTCOME_UNKNOWN', 'ERR_QUEUE_TIMEOUT'])

async function publishThroughFaults(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const kinds = [{}, { deflate: true }, { snappy: true }, { batchMaxMessages: 5 }]
  const kind = kinds[seed % kinds.length] ?? {}
  await using fake = await FakeNsqd.start({ grants: { deflate: true, snappy: true } })
  await using proxy = await FaultProxy.start(fake.port, random)
  const producer = new Producer({ nsqd: proxy.address, ...QUICK, ...kind, queueTimeoutMs: 5_000 })
  const confirmed: string[] = []
  let settled = 0
  const publishOne = async (i: number): Promise<void> => {
    const body = `<${seed}-${i}>${'.'.repeat(Math.floor(random() * 300))}`
    try {
      await producer.publish('t', body)
      confirmed.push(body)
    } catch (error) {
      const code = error instanceof NsqError ? error.code : String(error)
      assert.ok(EXPECTED.has(code), `seed ${seed}: ${code}`)
    }
    settled++
  }
  const publishing: Promise<void>[] = []
  for (let i = 0; i < 40; i++) {
    publishing.push(publishOne(i))
    if (random() < 0.2) await sleep(random() * 3)
  }
  await Promise.all(publishing)
  assert.equal(settled, 40, `seed ${seed}`)
  assert.equal(producer.stats.pendingMessages, 0)
  assert.equal(producer.stats.pendingBytes, 0)
  const arrived = fake.commands.join(' ')
  for (const body of confirmed) assert.ok(arrived.includes(body), `seed ${seed}: ${body} is lost`)
  await producer.close()
  for (let i = 0; i < 100 && proxy.open > 0; i++) await sleep(2)
  assert.equal(proxy.open, 0, `seed ${seed}: sockets left open`)
}

async function consumeThroughFaults(seed: number): Promise<void> {
  const random = seededRandom(seed)
  let next = 0
  await using fake = await FakeNsqd.start({
    onCommand: (command, session) => {
      if (command.name !== 'RDY' || command.params[0] === '0') return false
      for (let i = 0; i < 10; i++) session.message(String(next++), 'x'.repeat(100))
      return true
    },
  })
  await using proxy = await FaultProxy.start(fake.port, random, 0.9)
  const consumer = new Consumer({
    topic: 't',
    channel: 'c',
    nsqd: proxy.address,
    maxInFlight: 10,
    maxBackoffMs: 0,
    requeueDelayMs: 0,
    closeTimeoutMs: 2_000,
    ...QUICK,
  })
  consumer.run(async () => {
    if (random() < 0.5) await sleep(random() * 2)
    if (random() < 0.2) throw new Error('as told')
  })
  await sleep(40)
  await consumer.close()
  for (const { commands } of fake.sessions) {
    const answers = commands
      .filter((command) => /^(FIN|REQ)/.test(command))
      .map((command) => command.split(' ')[1])
    assert.equal(new Set(answers).size, answers.length, `seed ${seed}: answered twice`)
  }
  assert.equal(consumer.stats.messagesInFlight, 0)
  for (let i = 0; i < 100 && proxy.open > 0; i++) await sleep(2)
  assert.equal(proxy.open, 0, `seed ${seed}: sockets left open`)
}

async function everySeed(run: (seed: number) => Promise<void>, seeds: number): Promise<void> {
  for (let first = FIRST_SEED; first < FIRST_SEED + seeds; first += IN_PARALLEL) {
    const batch = Array.from({ length: IN_PARALLEL }, (_, i) => run(first + i))
    await Promise.all(batch)
  }
}

void test(`publishing through ${SEEDS} faulty connections settles everything once`, async () => {
  await everySeed(publishThroughFaults, SEEDS)
})

void test(`consuming through ${SEEDS} faulty connections answers nothing twice`, async () => {
  await everySeed(consumeThroughFaults, SEEDS)
})

const IDENTIFY_REPLY = encodeResponse('{"max_rdy_count":2500,"msg_timeout":60000}')

void test('servers that lie give typed errors, and crash nobody', async () => {
  const frame = fc.oneof(
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(fc.integer({ min: -1, max: 4 }), fc.uint8Array({ maxLength: 60 }))
      .map(([type, data]) => encodeFrame(type, data)),
    fc.constantFrom('OK', 'CLOSE_WAIT', '_heartbeat_', '{}').map((text) => encodeResponse(text)),
  )
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(frame, { maxLength: 8 }), async (isWhole, frames) => {
      const answer = Buffer.concat([isWhole ? IDENTIFY_REPLY : Buffer.alloc(0), ...frames])
      await using server = await RawServer.start(() => answer)
      const errors: Error[] = []
      const note = (error: Error): number => errors.push(error)
      const producer = new Producer({ nsqd: server.address, ...QUICK, queueTimeoutMs: 5 })
      producer.on('error', note)
      const consumer = new Consumer({ topic: 't', channel: 'c', nsqd: server.address, ...QUICK })
      consumer.on('error', note).run(() => {})
      try {
        await producer.publish('t', 'x')
      } catch (error) {
        assert.ok(error instanceof NsqError, String(error))
      }
      await Promise.all([producer.close(), consumer.close()])
      for (const error of errors) assert.ok(error instanceof NsqError, String(error))
    }),
    { numRuns: 150 },
  )
})

void test('a flood of messages nobody asked for closes the connection', async () => {
  await using fake = await FakeNsqd.start({
    onCommand: (command, session) => {
      if (command.name !== 'RDY') return false
      for (let i = 0; i < 12_000; i++) session.message(String(i))
      return true
    },
  })
  const where = { topic: 't', channel: 'c', nsqd: fake.address }
  await using consumer = new Consumer({ ...where, closeTimeoutMs: 10, ...QUICK })
  const error = new Promise<Error>((resolve) => consumer.once('error', resolve))
  consumer.run(() => new Promise(() => {}))
  const first = await error
  assert.ok(first instanceof NsqError && first.code === 'ERR_PROTOCOL', String(first))
})
