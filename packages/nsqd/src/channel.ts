import type { ChannelName } from '@tsq/protocol'

import type { Subscriber } from './subscriber.ts'

/** How an answer to a message was taken. */
export type AnswerOutcome = 'done' | 'not in flight' | 'not owned'

/** A channel as a session sees it. */
export interface Channel {
  readonly name: ChannelName
  readonly isExiting: boolean
  /** @throws {ChannelFull} at the consumer limit. */
  subscribe(subscriber: Subscriber): void
  /** Its messages in flight go back to the channel at once. */
  unsubscribe(subscriber: Subscriber): void
  /** The subscriber may have room again. */
  ready(subscriber: Subscriber): void
  /** Answers take the 16 bytes of the id at `offset`; the buffer is borrowed for the call. */
  finish(subscriber: Subscriber, source: Buffer, offset: number): AnswerOutcome
  /** @param delayMs 0…maxReqTimeoutMs; 0 means at once. */
  requeue(subscriber: Subscriber, source: Buffer, offset: number, delayMs: number): AnswerOutcome
  touch(subscriber: Subscriber, source: Buffer, offset: number): AnswerOutcome
}

/** The channel has as many consumers as `--max-channel-consumers` allows. */
export class ChannelFull extends Error {
  override readonly name = 'ChannelFull'
  readonly code = 'E_SUB_FAILED'
}

/** What `/stats` says of a channel. Counts of messages. */
export interface ChannelStats {
  readonly depth: number
  readonly backendDepth: number
  readonly inFlightCount: number
  readonly deferredCount: number
  readonly messageCount: number
  /** Handed out from memory, redeliveries and what was sampled away included, by how near the consumer is. */
  readonly zoneLocalCount: number
  readonly regionLocalCount: number
  readonly globalCount: number
  readonly requeueCount: number
  readonly timeoutCount: number
  /** Dropped by `/channel/empty`, by sampling or by an ephemeral channel's limit. */
  readonly droppedCount: number
}
