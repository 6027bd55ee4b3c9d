import { test } from 'node:test'

import type { AckAfter } from './lane.ts'
import { describeReport, runRounds } from './rounds.ts'

const seed = Number(process.env['TSQ_CRASH_SEED'] ?? Math.floor(Math.random() * 1e6))

function rounds(count: number, ackAfter: AckAfter) {
  return async (t: { diagnostic(text: string): void }): Promise<void> => {
    t.diagnostic(`seed ${seed}`)
    const start = performance.now()
    const report = await runRounds({ seed, rounds: count, ackAfter })
    t.diagnostic(describeReport(report, performance.now() - start))
  }
}

// The seed of a failing run replays its choices, though not the timing: TSQ_CRASH_SEED=… in the environment.
test(
  '100 kills lose nothing acknowledged, invent nothing and give no id twice',
  rounds(100, 'write'),
)
test('kills with --ack-after=fsync lose nothing acknowledged', rounds(8, 'fsync'))
test('kills with --ack-after=memory invent nothing and give no id twice', rounds(8, 'memory'))
