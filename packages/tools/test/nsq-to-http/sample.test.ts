import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isSampled } from '../../src/nsq-to-http/sample.ts'

test('a sample is the share that was asked for, and a message is always judged alike', () => {
  const ids = Array.from({ length: 20_000 }, (_, n) => n.toString(16).padStart(16, '0'))
  for (const share of [0, 0.1, 0.5, 1]) {
    const count = ids.filter((id) => isSampled(id, share)).length
    assert.ok(Math.abs(count / ids.length - share) < 0.02, `${count} of 20000 for ${share}`)
  }
  assert.ok(ids.every((id) => isSampled(id, 0.3) === isSampled(id, 0.3)))
})
