// Servers that lie. Connections that are cut, split and delayed on the way to a real nsqd are in e2e/client.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { encodeFrame, encodeResponse } from '@tsq/protocol'
import { Consumer } from '../src/consumer.ts'
import { NsqError } from '../src/errors.ts'
import { Producer } from '../src/producer.ts'
import { FakeNsqd } from './support/fake-nsqd.ts'
import { RawServer } from './support/raw-server.ts'

const QUICK = { reconnectMinMs: 1, reconnectMaxMs: 5, heartbeatIntervalMs: 1_000 }

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
