import { test } from 'node:test'

import { killInTurn } from './kill-rounds.ts'

// The long form: node e2e/dist/cluster/main.js kill --rounds 50
void test('a cluster of 3 nsqd and 2 nsqlookupd goes on through a kill of each in turn', async (t) => {
  const report = await killInTurn({ rounds: 1, perSecond: 100, note: (text) => t.diagnostic(text) })
  t.diagnostic(`${report.acknowledged} acknowledged, longest silence ${report.longestSilenceMs} ms`)
})
