// Plays generated scripts on both nsqds and compares:
//   node interop/dist/differential-run.js --scripts=100000 --seed=7 [--from=0]
import { parseArgs } from 'node:util'
import { compare, describeMismatch, type Mismatch } from './differential-compare.ts'
import type { Difference } from './differential-differences.ts'
import { generateBroken } from './differential-broken.ts'
import { generate } from './differential-generator.ts'
import { DIFFERENTIAL_FLAGS } from './differential-limits.ts'
import { Player } from './differential-player.ts'
import type { Script } from './differential-script.ts'
import { startNsqd } from './nsqd.ts'

/** Scripts under way at once: most of a script's time is waiting whether something more comes. */
const AT_ONCE = 32
const BROKEN_SHARE = 5

export interface DifferentialResult {
  readonly scripts: number
  readonly steps: number
  readonly mismatches: readonly Mismatch[]
  readonly used: ReadonlyMap<Difference, number>
}

export interface DifferentialPlan {
  readonly seed: number
  readonly scripts: number
  /** Number of the first script. */
  readonly from?: number
  readonly maxMismatches?: number
  readonly report?: (line: string) => void
}

/** Plays the scripts on a nsqd of each kind. */
export async function runDifferential(plan: DifferentialPlan): Promise<DifferentialResult> {
  await using reference = await startNsqd({ binary: 'reference', flags: DIFFERENTIAL_FLAGS })
  await using ours = await startNsqd({ binary: 'ours', flags: DIFFERENTIAL_FLAGS })
  const players = { theirs: new Player(reference), ours: new Player(ours) }
  const used = new Map<Difference, number>()
  const mismatches: Mismatch[] = []
  const maxMismatches = plan.maxMismatches ?? 10
  let steps = 0
  let next = plan.from ?? 0
  const end = next + plan.scripts
  const work = async (): Promise<void> => {
    while (next < end && mismatches.length < maxMismatches) {
      const number = next
      next += 1
      if (number > 0 && number % 5_000 === 0) plan.report?.(`${number} scripts`)
      const script = scriptOf(plan.seed, number)
      steps += script.steps.length
      const mismatch = await compare(script, players, used)
      // Once more, in case the machine was too busy for the first.
      if (mismatch === undefined || (await compare(script, players, used)) === undefined) continue
      mismatches.push(mismatch)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  players.theirs.close()
  players.ours.close()
  return { scripts: next - (plan.from ?? 0), steps, mismatches, used }
}

function scriptOf(seed: number, number: number): Script {
  return number % BROKEN_SHARE === 0 ? generateBroken(seed, number) : generate(seed, number)
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      scripts: { type: 'string', default: '5000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      from: { type: 'string', default: '0' },
    },
  })
  const [scripts, seed, from] = [values.scripts, values.seed, values.from].map(Number)
  console.log(`seed ${seed}`)
  const startMs = performance.now()
  const result = await runDifferential({
    seed: seed ?? 0,
    scripts: scripts ?? 0,
    from: from ?? 0,
    report: (line) => console.log(line),
  })
  for (const mismatch of result.mismatches) console.log(describeMismatch(mismatch))
  for (const [{ name }, count] of result.used) console.log(`${count} times: ${name}`)
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
  const { mismatches } = result
  console.log(`${result.scripts} scripts, ${result.steps} steps, ${seconds} s`)
  console.log(`${mismatches.length} differ that should not`)
  process.exitCode = mismatches.length === 0 ? 0 : 1
}

if (process.argv[1] === import.meta.filename) await main()
