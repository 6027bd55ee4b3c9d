// The long form: node e2e/dist/crash/main.js --rounds 1000 [--seed N] [--ack-after write|fsync|memory]

import { parseArgs } from 'node:util'

import type { AckAfter } from './lane.ts'
import { describeReport, runRounds } from './rounds.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    'ack-after': { type: 'string', default: 'write' },
  },
})
const seed = Number(values.seed)
const rounds = Number(values.rounds)
const ackAfter = values['ack-after'] as AckAfter
const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

print(`seed ${seed}, ${rounds} rounds, --ack-after=${ackAfter}`)
const start = performance.now()
try {
  const report = await runRounds({ seed, rounds, ackAfter, note: print })
  print(describeReport(report, performance.now() - start))
} catch (error) {
  print((error as Error).message)
  process.exitCode = 1
}
