import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Message } from '@tsq/client'

import { type Header, HeaderTemplate, parseHeader } from '../../src/nsq-to-http/headers.ts'

const SOURCE = { topic: 'orders', channel: 'billing' }

function headersOf(own: readonly Header[], given: readonly string[]): Record<string, string> {
  const headers = given.map(parseHeader).filter((one): one is Header => one !== undefined)
  const message: Partial<Message> = {
    id: '0123456789abcdef',
    attempts: 2,
    timestampNs: 1_700_000_000_000_000_001n,
    address: 'host:4150',
  }
  return new HeaderTemplate(SOURCE, own, headers).for(message as Message)
}

void suite('--header', () => {
  void test('is a name, a colon and a value', () => {
    assert.deepEqual(parseHeader('name: value'), { name: 'name', value: 'value' })
    assert.deepEqual(parseHeader('name:value'), { name: 'name', value: 'value' })
    assert.deepEqual(parseHeader(' X-A : b: c '), { name: 'X-A', value: 'b: c' })
    for (const text of ['name:', ': value', ':', 'name', '', 'na me: x', 'name: a\nb']) {
      assert.equal(parseHeader(text), undefined, JSON.stringify(text))
    }
  })

  void test('overrides what the tool sends, whatever the case; of two the last counts', () => {
    const own = [{ name: 'User-Agent', value: 'nsq_to_http' }]
    assert.deepEqual(headersOf(own, ['user-agent: mine', 'X-A: 1', 'x-a: 2']), {
      'user-agent': 'mine',
      'x-a': '2',
    })
  })

  void test('leaves alone what the request itself makes of host and length', () => {
    assert.deepEqual(headersOf([], ['Host: other', 'Content-Length: 1', 'X-A: 1']), { 'X-A': '1' })
  })

  void test('is filled in for each message', () => {
    assert.deepEqual(
      headersOf(
        [],
        [
          'Idempotency-Key: <ID>',
          'X-From: <TOPIC>/<CHANNEL> at <NSQD>',
          'X-Try: <ATTEMPTS> of <TIMESTAMP> <OTHER>',
        ],
      ),
      {
        'Idempotency-Key': '0123456789abcdef',
        'X-From': 'orders/billing at host:4150',
        'X-Try': '2 of 1700000000000000001 <OTHER>',
      },
    )
  })
})
