import type { ChannelStats } from '@tsq/clusterinfo'

/** What a channel does: how fast, from one look to the next, and how it stands. */
export interface Figures {
  /** Messages a second that came in. */
  readonly ingress: number
  /** Messages a second that left for good. */
  readonly egress: number
  readonly now: ChannelStats
  readonly newRequeues: number
  readonly newTimeouts: number
}

/** @param intervalMs what lies between the two looks. */
export function figuresOf(before: ChannelStats, now: ChannelStats, intervalMs: number): Figures {
  const messages = now.message_count - before.message_count
  const depth = now.depth - before.depth
  const perSecond = (count: number): number => Math.trunc((count / intervalMs) * 1_000)
  return {
    ingress: perSecond(messages),
    egress: perSecond(messages - depth),
    now,
    newRequeues: now.requeue_count - before.requeue_count,
    newTimeouts: now.timeout_count - before.timeout_count,
  }
}

/** The same for each node that was there both times. */
export function figuresOfNodes(
  before: ChannelStats,
  now: ChannelStats,
  intervalMs: number,
): Figures[] {
  const earlier = new Map((before.nodes ?? []).map((node) => [node.node, node]))
  return (now.nodes ?? []).map((node) =>
    figuresOf(earlier.get(node.node) ?? node, node, intervalMs),
  )
}
