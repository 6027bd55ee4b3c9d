import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import { test } from 'node:test'
import { Consumer } from '../src/consumer.ts'
import { Producer } from '../src/producer.ts'
import { FakeNsqd } from './support/fake-nsqd.ts'

void test('tracing hooks tell of connections, publishes and messages', async () => {
  const seen: string[] = []
  const names = ['connect', 'disconnect', 'publish', 'message:start', 'message:end']
  const listeners = names.map((name) => {
    const listener = (): number => seen.push(name)
    channel(`tsq:client:${name}`).subscribe(listener)
    return () => channel(`tsq:client:${name}`).unsubscribe(listener)
  })
  {
    await using fake = await FakeNsqd.start()
    await using producer = new Producer({ nsqd: fake.address })
    await producer.publish('t', 'x')
    await using consumer = new Consumer({ topic: 't', channel: 'c', nsqd: fake.address })
    consumer.run(() => {})
    await fake.until(() => fake.last.commands.length === 2, 'RDY')
    fake.last.message('1')
    await fake.until(() => fake.last.commands.length === 3, 'FIN')
  }
  for (const stop of listeners) stop()
  assert.deepEqual(seen, [
    'publish',
    'connect',
    'connect',
    'message:start',
    'message:end',
    'disconnect',
    'disconnect',
  ])
})
