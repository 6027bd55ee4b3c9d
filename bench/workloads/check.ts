// Holds what consumers received against what was published: each message exactly once per channel.
// At-least-once allows more; in a run without timeouts or lost connections more is a fault.

import { setTimeout as sleep } from 'node:timers/promises'
import type { PublisherResult, Result } from '../generators/job.ts'
import type { Nsqd } from '../nsqd.ts'

const DRAIN_LIMIT_MS = 5_000
const POLL_MS = 50

interface Job {
  readonly role: string
  readonly channels?: readonly string[]
}

/** @param jobs those that gave `results`, in the same order. */
export function checkReceived(
  jobs: readonly Job[],
  results: readonly Result[],
  before: readonly PublisherResult[] = [],
): string[] {
  const ranges = [...before, ...results.filter((result) => result.role === 'publisher')]
  const problems: string[] = []
  const seenOn = new Map<string, Uint8Array[]>()
  for (const [i, result] of results.entries()) {
    if (result.role !== 'consumer') continue
    if (result.stray > 0) problems.push(`${result.stray} messages were not those published`)
    for (const [n, seen] of result.seen.entries()) {
      const channel = jobs[i]?.channels?.[n] ?? ''
      seenOn.set(channel, [...(seenOn.get(channel) ?? []), seen])
    }
  }
  for (const [channel, parts] of seenOn) {
    const fault = compare(ranges, parts)
    if (fault !== undefined) problems.push(`channel ${channel}: ${fault}`)
  }
  return problems
}

function compare(ranges: readonly PublisherResult[], parts: Uint8Array[]): string | undefined {
  const expected = new Uint8Array(parts[0]?.length ?? 0)
  for (const { firstSequence, published } of ranges) {
    expected.fill(1, firstSequence, firstSequence + published)
  }
  let missing = 0
  let repeated = 0
  let strange = 0
  for (const [sequence, wanted] of expected.entries()) {
    let count = 0
    for (const seen of parts) count += seen[sequence] ?? 0
    if (count === 0) missing += wanted
    else if (wanted === 0) strange += 1
    else if (count > 1) repeated += 1
  }
  if (missing + repeated + strange === 0) return undefined
  return `${missing} missing, ${repeated} more than once, ${strange} never published`
}

/** For a topic that has no channel yet: it must hold everything itself. */
export async function checkHeld(nsqd: Nsqd, topic: string, published: number): Promise<string[]> {
  const depth = await nsqd.topicDepth(topic)
  return depth === published ? [] : [`${published} were published, but nsqd counts ${depth}`]
}

/**
 * Waits until nothing is left on the topic's channels.
 *
 * @param kept messages that stay deferred on each.
 */
export async function checkDrained(nsqd: Nsqd, topic: string, kept = 0): Promise<string[]> {
  const deadline = performance.now() + DRAIN_LIMIT_MS
  for (;;) {
    const left = [...(await nsqd.channels(topic))].filter(
      ([, { depth, inFlight, deferred }]) => depth + inFlight > 0 || deferred !== kept,
    )
    if (left.length === 0) return []
    if (performance.now() > deadline) {
      return left.map(
        ([channel, { depth, inFlight, deferred }]) =>
          `channel ${channel}: all came and were finished, but nsqd counts ` +
          `depth ${depth}, in flight ${inFlight}, deferred ${deferred}`,
      )
    }
    await sleep(POLL_MS)
  }
}
