import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fuzzSessions } from './session.fuzz.ts'

const DURATION_MS = 2_500

void test('broken commands in broken pieces end connections, never the process', async (t) => {
  const seed = Number(process.env['TSQ_FUZZ_SEED'] ?? Date.now() % 1_000_000)
  t.diagnostic(`TSQ_FUZZ_SEED=${seed}`)
  const { connections } = await fuzzSessions(seed, DURATION_MS)
  t.diagnostic(`${connections} connections`)
  assert.ok(connections > 50)
})
