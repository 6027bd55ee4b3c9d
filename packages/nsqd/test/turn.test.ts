import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Turn } from '../src/turn.ts'

test('a turn commits, then pumps, then flushes, each once and whatever the order of asking', () => {
  const done: string[] = []
  const scheduled: (() => void)[] = []
  const turn = new Turn((run) => scheduled.push(run))
  const channel = { isDirty: false, pump: () => done.push('pump') }
  turn.addSession({ flush: () => done.push('flush') })
  turn.addChannel(channel)
  assert.ok(channel.isDirty)
  turn.addTopic({ commit: () => done.push('commit') })
  assert.equal(scheduled.length, 1)
  scheduled[0]!()
  assert.deepEqual(done, ['commit', 'pump', 'flush'])
  assert.equal(channel.isDirty, false)
  turn.run()
  assert.equal(done.length, 3)
})

test('what a commit sets off is done in the same turn, what comes later in the next', () => {
  const done: string[] = []
  const scheduled: (() => void)[] = []
  const turn = new Turn((run) => scheduled.push(run))
  const session = { flush: () => done.push('flush') }
  const again = { isDirty: false, pump: () => done.push('pump again') }
  const channel = {
    isDirty: false,
    pump() {
      done.push('pump')
      turn.addSession(session)
      turn.addChannel(again)
    },
  }
  turn.addTopic({ commit: () => turn.addChannel(channel) })
  scheduled[0]!()
  assert.deepEqual(done, ['pump', 'flush'])
  scheduled[1]!()
  assert.deepEqual(done, ['pump', 'flush', 'pump again'])
})
