// The long form of archive.test.ts:
// node e2e/dist/tools/archive.js [--messages 1000000] [--kills 50] [--seed N]

import { parseArgs } from 'node:util'

import { describeArchive, runArchive } from './archive-run.ts'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
  },
})
const [messages, kills, seed] = [values.messages, values.kills, values.seed].map(Number) as [
  number,
  number,
  number,
]
const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

print(`seed ${seed}, ${messages} messages, ${kills} kills`)
const report = await runArchive({ seed, messages, kills, note: print })
print(describeArchive(report))
const isRight = report.missing === 0 && report.foreign === 0 && (kills > 0 || report.repeated === 0)
if (!isRight) process.exitCode = 1
