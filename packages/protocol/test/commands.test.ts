import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  encodeAuth,
  encodeCls,
  encodeDpub,
  encodeFin,
  encodeIdentify,
  encodeMpub,
  encodeNop,
  encodePub,
  encodeRdy,
  encodeReq,
  encodeSub,
  encodeTouch,
  isFatalErrorCode,
  parseChannelName,
  parseTopicName,
  ProtocolError,
} from '../src/index.ts'

const topic = parseTopicName('orders')!
const channel = parseChannelName('mail#ephemeral')!
const id = '0123456789abcdef'

function assertBytes(actual: Buffer, expected: string): void {
  assert.equal(actual.toString('latin1'), expected)
}

test('commands of one line have exactly these bytes', () => {
  assertBytes(encodeSub(topic, channel), 'SUB orders mail#ephemeral\n')
  assertBytes(encodeRdy(0), 'RDY 0\n')
  assertBytes(encodeRdy(2_500), 'RDY 2500\n')
  assertBytes(encodeFin(id), 'FIN 0123456789abcdef\n')
  assertBytes(encodeReq(id, 0), 'REQ 0123456789abcdef 0\n')
  assertBytes(encodeReq(id, 90_000), 'REQ 0123456789abcdef 90000\n')
  assertBytes(encodeTouch(id), 'TOUCH 0123456789abcdef\n')
  assertBytes(encodeCls(), 'CLS\n')
  assertBytes(encodeNop(), 'NOP\n')
})

test('commands with a body carry its size in bytes', () => {
  assertBytes(encodePub(topic, Buffer.from('hi')), 'PUB orders\n\0\0\0\x02hi')
  assertBytes(encodePub(topic, Buffer.alloc(0)), 'PUB orders\n\0\0\0\0')
  assertBytes(encodePub(topic, Uint8Array.of(0, 255, 10)), 'PUB orders\n\0\0\0\x03\0\xff\n')
  assertBytes(encodeDpub(topic, 1_500, Buffer.from('hi')), 'DPUB orders 1500\n\0\0\0\x02hi')
  assertBytes(encodeAuth('s3cret'), 'AUTH\n\0\0\0\x06s3cret')
  assertBytes(encodeAuth('é'), 'AUTH\n\0\0\0\x02\xc3\xa9')
  assertBytes(encodeIdentify({ client_id: 'a' }), 'IDENTIFY\n\0\0\0\x11{"client_id":"a"}')
})

test('MPUB carries the size of all, the count and each with its size', () => {
  assertBytes(encodeMpub(topic, []), 'MPUB orders\n\0\0\0\x04\0\0\0\0')
  const bodies = [Buffer.from('a'), Buffer.alloc(0), Buffer.from('xyz')]
  assertBytes(
    encodeMpub(topic, bodies),
    'MPUB orders\n\0\0\0\x14\0\0\0\x03\0\0\0\x01a\0\0\0\0\0\0\0\x03xyz',
  )
})

test('a protocol error says its code and whether the connection ends', () => {
  const error = new ProtocolError('E_BAD_TOPIC', 'PUB topic name "a b" is not valid')
  assert.equal(error.message, 'E_BAD_TOPIC PUB topic name "a b" is not valid')
  assert.ok(error.fatal)
  assert.equal(new ProtocolError('E_BAD_PROTOCOL', '').message, 'E_BAD_PROTOCOL')
  for (const code of ['E_FIN_FAILED', 'E_REQ_FAILED', 'E_TOUCH_FAILED']) {
    assert.equal(isFatalErrorCode(code), false)
  }
  for (const code of [
    'E_INVALID',
    'E_PUB_FAILED',
    'E_SUB_FAILED',
    'E_UNAUTHORIZED',
    'E_WHATEVER',
  ]) {
    assert.ok(isFatalErrorCode(code))
  }
})
