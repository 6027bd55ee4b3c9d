import assert from 'node:assert/strict'
import { test } from 'node:test'

import { describeArchive, runArchive } from './archive-run.ts'

const seed = Number(process.env['TSQ_ARCHIVE_SEED'] ?? Math.floor(Math.random() * 1e6))
const messages = 50_000

test('what goes in at one end comes out at the other, each line once', async (t) => {
  const report = await runArchive({ seed, messages, kills: 0 })
  t.diagnostic(`seed ${seed}: ${describeArchive(report)}`)
  const { missing, repeated, foreign, torn } = report
  assert.deepEqual(
    { missing, repeated, foreign, torn },
    { missing: 0, repeated: 0, foreign: 0, torn: 0 },
  )
})

// The seed of a failing run replays its choices, though not the timing: TSQ_ARCHIVE_SEED=… in the environment.
test('kills of nsq_to_file lose no line', async (t) => {
  const report = await runArchive({ seed, messages, kills: 5 })
  t.diagnostic(`seed ${seed}: ${describeArchive(report)}`)
  assert.deepEqual([report.missing, report.foreign], [0, 0])
})
