// Plays generated scripts on both nsqds and compares:
//   node interop/dist/differential-run.js --scripts=100000 --seed=7 [--from=0]
import { parseArgs } from 'node:util'
import { compare, describeMismatch, type Mismatch } from './differential-compare.ts'
import type { Difference } from './differential-differences.ts'
import { numbersIn, scriptOf, type World, WORLD_NAMES, Worlds } from './differential-worlds.ts'

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
  await using worlds = await Worlds.start()
  const used = new Map<Difference, number>()
  const mismatches: Mismatch[] = []
  const maxMismatches = plan.maxMismatches ?? 10
  const first = plan.from ?? 0
  const end = first + plan.scripts
  let steps = 0
  let scripts = 0
  const work = async ({ players }: World, numbers: Iterator<number>): Promise<void> => {
    for (;;) {
      const { value: number, done } = numbers.next()
      if (done === true || mismatches.length >= maxMismatches) return
      const script = scriptOf(plan.seed, number)
      scripts += 1
      if (scripts % 5_000 === 0) plan.report?.(`${scripts} scripts`)
      steps += script.steps.length
      const mismatch = await compare(script, players, used)
      if (mismatch !== undefined) mismatches.push(mismatch)
    }
  }
  const workers = WORLD_NAMES.flatMap((name) => {
    const world = worlds.get(name)
    const numbers = numbersIn(name, first, end)
    return Array.from({ length: world.atOnce }, () => work(world, numbers))
  })
  await Promise.all(workers)
  return { scripts, steps, mismatches, used }
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
