// Rates out of counters that start again from zero when a nsqd does.

/** How much a counter that only grows has grown. One that is less than before began anew. */
export function growth(now: number, before: number): number {
  return now >= before ? now - before : now
}

/** What a node says of a channel, as far as rates need it. */
export interface ChannelCounts {
  readonly messages: number
  readonly depth: number
  readonly inFlight: number
  readonly deferred: number
  readonly requeued: number
  readonly timedOut: number
}

/** What a channel did between two answers of a node, in messages. */
export interface ChannelGrowth {
  readonly deliver: number
  readonly finish: number
  readonly requeue: number
  readonly timeout: number
}

/**
 * nsqd counts neither deliveries nor FINs of a channel, but all that came in is waiting, deferred, in flight or done
 * with. And every delivery ends as a FIN, a requeue or a timeout, or is still in flight. What is emptied, or sampled
 * away, counts as finished.
 *
 * @param before undefined for a channel that is new, and for a nsqd that was started anew.
 */
export function channelGrowth(
  now: ChannelCounts,
  before: ChannelCounts | undefined,
): ChannelGrowth {
  if (before === undefined || now.messages < before.messages) return NO_GROWTH
  const finish = Math.max(0, finished(now) - finished(before))
  const requeue = growth(now.requeued, before.requeued)
  const timeout = growth(now.timedOut, before.timedOut)
  const deliver = Math.max(0, finish + requeue + timeout + now.inFlight - before.inFlight)
  return { deliver, finish, requeue, timeout }
}

const NO_GROWTH: ChannelGrowth = { deliver: 0, finish: 0, requeue: 0, timeout: 0 }

/** Off by what waited when nsqd started; only its growth means something. */
function finished({ messages, depth, inFlight, deferred }: ChannelCounts): number {
  return messages - depth - inFlight - deferred
}
