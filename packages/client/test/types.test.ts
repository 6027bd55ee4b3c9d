// What the compiler must refuse: each line fails the build when it becomes allowed.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Consumer, Producer, ProducerPool, type Message, type NsqError } from '../src/index.ts'

/** Checked by the compiler, never called. */
export async function refused(
  producer: Producer,
  consumer: Consumer,
  message: Message,
): Promise<void> {
  // @ts-expect-error -- nsqd is needed
  void new Producer({})
  // @ts-expect-error -- a number of milliseconds
  void new Producer({ nsqd: 'h:1', queueTimeoutMs: '5s' })
  // @ts-expect-error -- a consumer's option
  void new Producer({ nsqd: 'h:1', maxInFlight: 1 })
  // @ts-expect-error -- a channel is needed
  void new Consumer({ topic: 't', nsqd: 'h:1' })
  // @ts-expect-error -- no such strategy
  void new ProducerPool({ nsqd: 'h:1', strategy: 'best' })
  // @ts-expect-error -- bytes or text
  await producer.publish('t', { an: 'object' })
  // @ts-expect-error -- a list
  await producer.publishMany('t', 'text')
  // @ts-expect-error -- a delay is needed
  await producer.publishDeferred('t', 'text')
  // @ts-expect-error -- no such event
  consumer.on('mesage', () => {})
  // @ts-expect-error -- the second argument is the message
  consumer.on('handlerError', (_error: Error, _message: string) => {})
  // @ts-expect-error -- set by the library
  message.attempts = 1
  // @ts-expect-error -- unknown until it is checked
  message.json().field = 1
}

/** Also only for the compiler: what must be allowed. */
export async function allowed(consumer: Consumer, error: NsqError): Promise<string> {
  consumer.on('disconnect', (address: string, reason: NsqError | undefined) => [address, reason])
  consumer.run(async (message) => {
    const body: Buffer = message.body
    await Promise.resolve(body)
  })
  for await (const message of consumer) message.finish()
  return error.code
}

void test('the public names are there', async () => {
  const client = await import('../src/index.ts')
  assert.deepEqual(Object.keys(client).toSorted(), [
    'ArgumentError',
    'ClosedError',
    'ConnectionError',
    'Consumer',
    'HandshakeError',
    'LookupError',
    'NsqError',
    'OptionError',
    'OutcomeUnknownError',
    'PeerError',
    'Producer',
    'ProducerPool',
    'QueueFullError',
    'QueueTimeoutError',
    'ServerError',
    'VERSION',
    'exponentialBackoff',
    'fullJitterBackoff',
  ])
})
