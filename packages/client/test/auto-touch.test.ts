import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AutoTouch } from '../src/auto-touch.ts'

void test('messages are looked at as often as the nsqd needs that waits least', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let looks = 0
  const message = { touchInTime: () => (looks += 1) }
  const autoTouch = new AutoTouch((visit) => visit(message))
  autoTouch.keep(60_000)
  t.mock.timers.tick(8_000)
  assert.equal(looks, 1)
  // The nsqd that wants answers sooner comes later.
  autoTouch.keep(1_000)
  autoTouch.keep(30_000)
  t.mock.timers.tick(1_000)
  assert.equal(looks, 1 + 8)
  autoTouch.stop()
  t.mock.timers.tick(60_000)
  assert.equal(looks, 1 + 8)
})
