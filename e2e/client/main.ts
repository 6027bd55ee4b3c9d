// The long forms: node e2e/dist/client/main.js kills --count=50 | faults --count=500 [--seed=N]

import { parseArgs } from 'node:util'

import { describeFaults, FaultRuns } from './faults.ts'
import { describeKills, killUnderProducer } from './kills.ts'
import { ours } from './programs.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
  },
})
const seed = Number(values.seed)
const [what] = positionals
const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

if (what === 'kills') {
  print(`seed ${seed}`)
  const kills = Number(values.count ?? 50)
  const report = await killUnderProducer(ours, { kills, seed, note: print })
  print(describeKills(report))
  if (report.missing.length > 0) process.exitCode = 1
} else if (what === 'faults') {
  print(`first seed ${seed}`)
  const seeds = Number(values.count ?? 500)
  print(describeFaults(await FaultRuns.run(ours, seed, seeds)))
} else {
  print('usage: main.js kills|faults [--count=N] [--seed=N]')
  process.exitCode = 2
}
