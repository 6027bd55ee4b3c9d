import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { parseSince } from '../../src/nsq-tail/since.ts'

const NOW = Date.parse('2026-01-31T12:00:00Z')

function at(text: string): string {
  return parseSince(text, NOW).at.toISOString()
}

void suite('--since', () => {
  void test('is a span before now or a time', () => {
    assert.equal(at('1h30m'), '2026-01-31T10:30:00.000Z')
    assert.equal(at('2026-01-31T07:00:00Z'), '2026-01-31T07:00:00.000Z')
    assert.equal(at('2026-01-31T07:00:00+02:00'), '2026-01-31T05:00:00.000Z')
  })

  void test('is nothing else', () => {
    for (const text of ['', '5', 'yesterday', '12', '2026-13-45T00:00:00Z']) {
      assert.throws(() => parseSince(text, NOW), /must be a duration/, text)
    }
  })
})
