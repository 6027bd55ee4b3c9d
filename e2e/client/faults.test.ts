import { test } from 'node:test'

import { describeFaults, FaultRuns } from './faults.ts'
import { ours } from './programs.ts'

const SEEDS = 500
const FIRST_SEED = 1

test(`${SEEDS} connections that are delayed and cut: no hang, no leak, nothing settled twice`, async (t) => {
  t.diagnostic(describeFaults(await FaultRuns.run(ours, FIRST_SEED, SEEDS)))
})
