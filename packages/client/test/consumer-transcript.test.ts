// The command sequences every NSQ client must produce: specification of clients, 8.3.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Consumer } from '../src/consumer.ts'
import type { Message } from '../src/message.ts'
import { FakeNsqd } from './support/fake-nsqd.ts'

const QUICK = { backoffMultiplierMs: 5, reconnectMinMs: 5, reconnectMaxMs: 10 }

/** Answers a message as its body says. */
function obey(message: Message): void {
  const said = message.text()
  if (said === 'bad') throw new Error('bad')
  if (said === 'requeue') message.requeue(-1)
  if (said === 'requeue-no-backoff') message.requeue(-1, { backoff: false })
}

const ID = '0'.repeat(16)
const FIN = `FIN ${ID}`
const REQ = `REQ ${ID} 0`

/** Sends each message once all the commands before the one it leads to have come. */
async function play(
  fake: FakeNsqd,
  expected: readonly string[],
  bodies: Readonly<Record<number, string>>,
): Promise<void> {
  for (let i = 0; i < expected.length; i++) {
    await fake.until(() => fake.commands.length >= i, `command ${i}`)
    const body = bodies[i]
    if (body !== undefined) fake.last.message(ID, body, 0)
  }
  await fake.until(() => fake.commands.length >= expected.length, 'the end')
  assert.deepEqual(fake.commands, expected)
}

void test('3 good, 2 bad, 2 good', async () => {
  await using fake = await FakeNsqd.start()
  await using consumer = new Consumer({
    topic: 't',
    channel: 'c',
    nsqd: fake.address,
    maxInFlight: 5,
    ...QUICK,
  })
  consumer.run(obey)
  const expected = ['SUB t c', 'RDY 5', FIN, FIN, FIN, 'RDY 0', REQ, 'RDY 1', 'RDY 0', REQ]
  expected.push('RDY 1', 'RDY 0', FIN, 'RDY 1', 'RDY 5', FIN)
  await play(fake, expected, {
    2: 'good',
    3: 'good',
    4: 'good',
    5: 'bad',
    8: 'bad',
    11: 'good',
    14: 'good',
  })
})

void test('requeue, requeue without back-off, good', async () => {
  await using fake = await FakeNsqd.start()
  await using consumer = new Consumer({ topic: 't', channel: 'c', nsqd: fake.address, ...QUICK })
  consumer.run(obey)
  const expected = ['SUB t c', 'RDY 1', 'RDY 0', REQ, 'RDY 1', 'RDY 0', REQ, 'RDY 1', FIN]
  await play(fake, expected, { 2: 'requeue', 5: 'requeue-no-backoff', 8: 'good' })
})

void test('back-off, disconnect, reconnect', async () => {
  await using fake = await FakeNsqd.start()
  await using consumer = new Consumer({
    topic: 't',
    channel: 'c',
    nsqd: fake.address,
    maxInFlight: 5,
    ...QUICK,
  })
  consumer.run(obey)
  await fake.until(() => fake.commands.length === 2, 'RDY 5')
  fake.last.message(ID, 'bad', 0)
  await fake.until(() => fake.commands.length >= 4, 'REQ')
  fake.last.destroy()
  await fake.until(() => fake.sessions.length === 2 && fake.last.commands.length === 2, 'RDY 1')
  fake.last.message(ID, 'good', 0)
  await fake.until(() => fake.last.commands.length === 4, 'FIN')
  fake.last.message(ID, 'good', 0)
  await fake.until(() => fake.last.commands.length === 5, 'FIN')
  assert.deepEqual(fake.last.commands, ['SUB t c', 'RDY 1', 'RDY 5', FIN, FIN])
})

void test('pause and resume by maxInFlight', async () => {
  await using fake = await FakeNsqd.start()
  await using consumer = new Consumer({
    topic: 't',
    channel: 'c',
    nsqd: fake.address,
    maxInFlight: 5,
    ...QUICK,
  })
  consumer.run(obey)
  await fake.until(() => fake.commands.length === 2, 'RDY 5')
  fake.last.message(ID, 'good', 0)
  await fake.until(() => fake.commands.length === 3, 'FIN')
  consumer.setMaxInFlight(0)
  await fake.until(() => fake.commands.length === 4, 'RDY 0')
  assert.equal(consumer.isPaused, true)
  consumer.setMaxInFlight(5)
  await fake.until(() => fake.commands.length === 5, 'RDY 5')
  assert.deepEqual(fake.commands, ['SUB t c', 'RDY 5', FIN, 'RDY 0', 'RDY 5'])
})
