import type { ChannelName, TopicName } from '@tsq/protocol'

import type { Channel } from './channel.ts'

/** A topic as a session sees it. What stands behind it may be a log, or later a cluster. */
export interface Topic {
  readonly name: TopicName
  readonly isExiting: boolean
  /** Position after the newest message published; what {@link settle} is asked for. */
  readonly appendedPosition: number
  /**
   * Publishes the message in `source` from `start` to `end`; copied.
   *
   * @param delayMs 0 for at once.
   * @throws {PublishFailure}
   */
  publish(source: Buffer, start: number, end: number, delayMs: number): void
  /**
   * Publishes the `count` messages of an MPUB body that has been checked, size(int32) and body each from `start` on.
   *
   * @param bodyBytes of all messages together, for the statistics.
   * @throws {PublishFailure}
   */
  publishMany(source: Buffer, start: number, count: number, bodyBytes: number): void
  /** What has become of the publish that ended at `position`: undefined while that is open. */
  settle(position: number): PublishOutcome | undefined
  /** Calls `session.acked()` once more has been settled. */
  awaitAck(session: AckWaiter): void
  /** The channel, made if it is not there. */
  channel(name: ChannelName): Channel
}

/** `''` where the publish is acknowledged, else why it failed. */
export type PublishOutcome = string

export interface AckWaiter {
  acked(): void
}

/** A publish cannot be taken. `message` is what goes to the client: `exiting` or what the disk said. */
export class PublishFailure extends Error {
  override readonly name = 'PublishFailure'
  readonly code = 'E_PUB_FAILED'
}

/** What `/stats` says of a topic itself. */
export interface TopicStats {
  /** Messages that no channel has been given: the topic has none, or is paused. */
  readonly depth: number
  readonly backendDepth: number
  /** Messages and body bytes published since the start. */
  readonly messageCount: number
  readonly messageBytes: number
}
