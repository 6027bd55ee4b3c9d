// The long forms of the cluster's tests:
//
//   node e2e/dist/cluster/main.js kill --rounds 50     # kills each daemon in turn, so many times
//   node e2e/dist/cluster/main.js cut --seconds 60     # cuts the network; needs root on Linux

import { parseArgs } from 'node:util'

import { cutTheNetwork } from './cut-story.ts'
import { killInTurn } from './kill-rounds.ts'
import { Network } from './network.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '60' },
    'per-second': { type: 'string', default: '200' },
  },
})
const perSecond = Number(values['per-second'])

function note(text: string): void {
  process.stdout.write(`${text}\n`)
}

async function kill(): Promise<void> {
  const report = await killInTurn({ rounds: Number(values.rounds), perSecond, note })
  note(
    `${report.kills} kills, ${report.acknowledged} acknowledged and delivered, ` +
      `longest silence ${report.longestSilenceMs} ms`,
  )
}

async function cut(): Promise<void> {
  const made = Network.create()
  if (typeof made === 'string') throw new Error(made)
  using network = made
  await cutTheNetwork({
    network,
    cutMs: Number(values.seconds) * 1_000,
    perSecond,
    isPatient: true,
    note,
  })
}

const stories: Readonly<Record<string, () => Promise<void>>> = { kill, cut }
const story = stories[positionals[0] ?? '']
if (story === undefined) {
  process.stderr.write('say what to do: kill [--rounds N] or cut [--seconds N]\n')
  process.exitCode = 2
} else {
  try {
    await story()
  } catch (error) {
    note((error as Error).message)
    process.exitCode = 1
  }
}
