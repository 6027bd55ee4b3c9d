import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  Broker,
  CHANNEL,
  drain,
  filesOf,
  freshFiles,
  TOPIC,
  TOPIC_FOLDER,
} from '../support/broker.ts'
import { FaultyFiles, noSpace } from '../support/faulty-files.ts'

const LIVES = 30

/** Publishes one message in a broker of its own and returns the id it is delivered under. */
function idOf(broker: Broker, body: string): string {
  broker.channel(TOPIC, CHANNEL)
  const reader = broker.subscribe(TOPIC, CHANNEL)
  broker.publish(TOPIC, body)
  broker.run()
  const message = reader.received.find((received) => received.body === body)
  assert.ok(message !== undefined, body)
  broker.finish(TOPIC, CHANNEL, reader, message.id)
  return message.id
}

test('lives that end before anything is written never give an id twice', () => {
  const files = freshFiles()
  const ids = new Set<string>()
  for (let life = 0; life < LIVES; life++) {
    // Killed within --sync-timeout: what was delivered is lost.
    ids.add(idOf(new Broker(files, { ackAfter: 'memory' }), `life ${life}`))
  }
  assert.equal(ids.size, LIVES)
})

test('lives that keep what they wrote never give an id twice', () => {
  const files = freshFiles()
  const ids = new Set<string>()
  for (let life = 0; life < LIVES; life++) ids.add(idOf(new Broker(files), `life ${life}`))
  assert.equal(ids.size, LIVES)
})

test('many kills use up few of the sequence numbers', () => {
  const files = freshFiles()
  let last = ''
  for (let life = 0; life < LIVES; life++) last = idOf(new Broker(files), `life ${life}`)
  const sequence = Number.parseInt(last.slice(6), 16)
  assert.ok(sequence < (LIVES + 2) * 2 ** 23, `${sequence}`)
})

test('an orderly stop after a kill takes nothing from what is published next', async () => {
  const files = freshFiles()
  const first = new Broker(files)
  first.channel(TOPIC, CHANNEL)
  first.publish(TOPIC, 'before')
  first.run()
  // Killed; started, stopped in order without a consumer; started again.
  await new Broker(files).close()
  const third = new Broker(files)
  assert.deepEqual(third.notes, [])
  const ticket = third.publish(TOPIC, 'after')
  third.run()
  assert.equal(third.outcome(TOPIC, ticket), '')
  const bodies = drain(third, TOPIC, CHANNEL).map(({ body }) => body)
  assert.deepEqual(bodies, ['before', 'after'])
})

test('an orderly stop after a kill takes nothing from what a paused topic is published next', async () => {
  const files = freshFiles()
  const first = new Broker(files)
  first.channel(TOPIC, CHANNEL)
  first.topic(TOPIC).setPaused(true)
  first.publish(TOPIC, 'before')
  first.run()
  await new Broker(files).close()
  const third = new Broker(files)
  third.publish(TOPIC, 'after')
  third.run()
  third.topic(TOPIC).setPaused(false)
  const bodies = drain(third, TOPIC, CHANNEL).map(({ body }) => body)
  assert.deepEqual(bodies, ['before', 'after'])
})

test('a topic emptied to the last file does not give its ids again', async () => {
  const files = freshFiles()
  const first = new Broker(files)
  first.publish(TOPIC, 'dropped')
  const before = drain(first, TOPIC, CHANNEL)[0]!.id
  first.topic(TOPIC).deleteChannel(first.channel(TOPIC, CHANNEL).name)
  const second = new Broker(files)
  second.topic(TOPIC).empty()
  assert.deepEqual(filesOf(files, '.log'), [])
  await second.close()
  assert.notEqual(idOf(new Broker(files), 'next'), before)
})

test('a channel whose log is gone gets what is published next', async () => {
  const files = freshFiles()
  const first = new Broker(files)
  const before = idOf(first, 'finished')
  await first.close()
  for (const file of [...filesOf(files, '.log'), `${TOPIC_FOLDER}/topic.json`]) files.remove(file)
  const next = new Broker(files)
  assert.notEqual(idOf(next, 'next'), before)
})

test('a topic without channels keeps its backlog and its ids over kills and stops', async () => {
  const files = freshFiles()
  const ids = new Set<string>()
  for (let life = 0; life < 6; life++) {
    const broker = new Broker(files)
    broker.publish(TOPIC, `${life}`)
    broker.run()
    if (life % 2 === 1) await broker.close()
  }
  const broker = new Broker(files)
  const received = drain(broker, TOPIC, CHANNEL)
  for (const { id } of received) ids.add(id)
  assert.deepEqual(
    received.map(({ body }) => body),
    ['0', '1', '2', '3', '4', '5'],
  )
  assert.equal(ids.size, 6)
})

test('what is emptied stays empty over a kill, and its ids are not used again', () => {
  const files = freshFiles()
  const first = new Broker(files)
  const before = idOf(first, 'dropped')
  first.topic(TOPIC).empty()
  first.channel(TOPIC, CHANNEL).empty()
  first.topic(TOPIC).emptyChannel(first.channel(TOPIC, CHANNEL))
  const second = new Broker(files)
  assert.deepEqual(drain(second, TOPIC, CHANNEL), [])
  second.topic(TOPIC).release()
  const third = new Broker(files)
  assert.notEqual(idOf(third, 'kept'), before)
})

test('after a stop on a disk that took nothing, the ids it lost are not used again', async () => {
  const files = freshFiles()
  const faulty = new FaultyFiles(files)
  const options = { ackAfter: 'memory' } as const
  const first = new Broker(faulty, options)
  first.topic(TOPIC)
  for (const call of ['writev', 'replace', 'open'] as const) faulty.fail(call, noSpace)
  const lost = idOf(first, 'lost')
  await first.close()
  const second = new Broker(files, options)
  assert.notEqual(idOf(second, 'next'), lost)
})
