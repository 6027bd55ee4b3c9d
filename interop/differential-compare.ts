// Takes both nsqds through a script in step and compares what they show.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Difference, differences, type Pair } from './differential-differences.ts'
import * as http from './differential-http.ts'
import type { Play, Player } from './differential-player.ts'
import { describeStep, MAGIC, type Script, type Step } from './differential-script.ts'

/** How long after a step something may come that nobody waits for: a message, the end of a connection. */
const QUIET_MS = 15
/** The same when a script is played again, in case the machine was too busy before. */
const PATIENT_QUIET_MS = [150, 600]
/** While the two differ they are given more time, ever longer: a busy machine may be late. */
const PATIENCE_MS = [20, 40, 80, 160, 320, 640]

/** The first step at which the two nsqds cannot be taken for each other. */
export interface Mismatch extends Pair {
  readonly script: Script
  readonly at: number
}

export interface Players {
  readonly theirs: Player
  readonly ours: Player
}

/** What both show without the deliberate differences, and the differences that were met. */
interface Compared {
  readonly pair: Pair
  readonly met: readonly Difference[]
}

type Plays = { readonly [who in keyof Players]: Play }

/**
 * Plays a script on both, and again before it calls them different. `used` counts the deliberate differences that were
 * met.
 */
export async function compare(
  script: Script,
  players: Players,
  used: Map<Difference, number>,
): Promise<Mismatch | undefined> {
  let mismatch = await playBoth(script, players, used, QUIET_MS)
  for (const quietMs of PATIENT_QUIET_MS) {
    if (mismatch === undefined) return undefined
    mismatch = await playBoth(script, players, used, quietMs)
  }
  return mismatch
}

async function playBoth(
  script: Script,
  players: Players,
  used: Map<Difference, number>,
  quietMs: number,
): Promise<Mismatch | undefined> {
  const plays = { theirs: players.theirs.begin(), ours: players.ours.begin() }
  try {
    const holders = new Set<number>()
    for (const [at, step] of script.steps.entries()) {
      const { pair, met } = await takeBoth(step, plays, quietMs)
      for (const difference of met) used.set(difference, (used.get(difference) ?? 0) + 1)
      if (!isSame(pair)) return { script, at, ...pair }
      const isEnd = met.some(({ endsScript }) => endsScript === true)
      if (isEnd || isOver(step, pair, holders)) return undefined
    }
    return undefined
  } finally {
    plays.theirs.close()
    plays.ours.close()
    await cleanUp(script, players)
  }
}

async function takeBoth(step: Step, plays: Plays, quietMs: number): Promise<Compared> {
  await Promise.all([plays.theirs.take(step), plays.ours.take(step)])
  if (!isSilent(step)) await sleep(quietMs)
  let compared = reconcile(plays)
  for (const ms of PATIENCE_MS) {
    if (isSame(compared.pair)) break
    await sleep(ms)
    if (step.kind === 'http' && step.method === 'GET') {
      await Promise.all([plays.theirs.call(step), plays.ours.call(step)])
    }
    compared = reconcile(plays)
  }
  return compared
}

/** Whether nothing can come of it: nsqd says nothing to a good magic. */
function isSilent(step: Step): boolean {
  return step.kind === 'open' && step.magic === MAGIC
}

/**
 * Ours gives the messages of a closed connection to others at once, the reference after their timeout: from there on the
 * counts differ, so the script ends.
 *
 * @param holders connections that were delivered messages; added to.
 */
function isOver(step: Step, { ours }: Pair, holders: Set<number>): boolean {
  if (step.kind === 'close' && holders.has(step.on)) return true
  for (const [on, seen] of Object.entries(ours.connections)) {
    if (seen.messages.length > 0) holders.add(Number(on))
    if (seen.state !== 'open' && holders.has(Number(on))) return true
  }
  return false
}

async function cleanUp({ topics, via }: Script, players: Players): Promise<void> {
  const deletions = [players.theirs.begin(), players.ours.begin()].map(async (play) => {
    for (const topic of topics) {
      await play.call({ ...http.http('POST', `/topic/delete?${http.topicQuery(topic)}`), via })
    }
  })
  await Promise.all(deletions)
}

function reconcile(plays: Plays): Compared {
  let pair: Pair = { theirs: plays.theirs.observe(), ours: plays.ours.observe() }
  const met: Difference[] = []
  for (const difference of differences) {
    if (isSame(pair)) break
    const next = difference.reconcile?.(pair) ?? pair
    if (JSON.stringify(next) === JSON.stringify(pair)) continue
    met.push(difference)
    pair = next
  }
  return { pair, met }
}

function isSame({ theirs, ours }: Pair): boolean {
  return JSON.stringify(theirs) === JSON.stringify(ours)
}

export function describeMismatch({ script, at, theirs, ours }: Mismatch): string {
  const lines = script.steps.slice(0, at + 1).map((step) => `  ${describeStep(step)}`)
  return [
    `script ${script.name}, step ${at}:`,
    ...lines,
    ...firstDifference(JSON.stringify(theirs, undefined, 1), JSON.stringify(ours, undefined, 1)),
  ].join('\n')
}

const CONTEXT_LINES = 3
const SHOWN_LINES = 9

function firstDifference(theirs: string, ours: string): string[] {
  const left = theirs.replaceAll('\\n', '\n').split('\n')
  const right = ours.replaceAll('\\n', '\n').split('\n')
  let at = 0
  while (left[at] !== undefined && left[at] === right[at]) at += 1
  const from = Math.max(0, at - CONTEXT_LINES)
  const shown = (lines: readonly string[]): string[] =>
    lines.slice(from, from + SHOWN_LINES).map((text) => `    ${text}`)
  return ['  nsqd 1.3.0:', ...shown(left), '  ours:', ...shown(right)]
}
