// What the benchmark and its generator processes say to each other.

export interface PublisherJob {
  readonly role: 'publisher'
  readonly port: number
  readonly topic: string
  readonly connections: number
  /** Messages in a command: 1 is PUB or DPUB, more is MPUB. */
  readonly batch: number
  /** Unix ms to which all are deferred; only with a batch of 1. 0 for not. */
  readonly dueAtMs: number
  readonly bodyBytes: number
  /** Commands a connection may have unanswered. */
  readonly outstanding: number
  /** Bodies carry this number and the `messages - 1` that follow it. A multiple of `batch`. */
  readonly firstSequence: number
  readonly messages: number
  /** Stops after this long even if messages are left. */
  readonly seconds: number
}

export interface ConsumerJob {
  readonly role: 'consumer'
  readonly port: number
  readonly topic: string
  readonly channels: readonly string[]
  /** For each channel. */
  readonly connections: number
  readonly readyCount: number
  readonly bodyBytes: number
  /** Every sequence number is below this. */
  readonly capacity: number
}

export interface LatencyJob {
  readonly role: 'latency'
  readonly port: number
  readonly topic: string
  readonly channel: string
  readonly messagesPerSecond: number
  readonly readyCount: number
  readonly bodyBytes: number
  /** Sent first, at 1,000 a second, and not measured. */
  readonly warmUpMessages: number
  readonly messages: number
}

export type Job = PublisherJob | ConsumerJob | LatencyJob

interface Timed {
  /** Nanoseconds of the monotonic clock. */
  readonly startedAtNs: number
  readonly endedAtNs: number
}

export interface PublisherResult extends Timed {
  readonly role: 'publisher'
  readonly firstSequence: number
  readonly published: number
}

export interface ConsumerResult extends Timed {
  readonly role: 'consumer'
  readonly received: number
  /** For each channel, how often each sequence number came. */
  readonly seen: readonly Uint8Array[]
  /** Frames of a wrong size or with a sequence number out of range. */
  readonly stray: number
}

export interface LatencyResult extends Timed {
  readonly role: 'latency'
  /** From the intended send time to the read that brought it; sorted. */
  readonly latenciesNs: Float64Array
  /** How late the generator itself was with each send; sorted. */
  readonly sendLagsNs: Float64Array
  readonly missing: number
  readonly duplicates: number
  readonly stray: number
}

export type Result = PublisherResult | ConsumerResult | LatencyResult

export interface Progress {
  readonly messages: number
  /** A consumer never knows that it is done: whoever counts all of them does. */
  readonly isDone: boolean
  readonly failure: string | undefined
}

export type Request =
  | { readonly kind: 'prepare'; readonly job: Job }
  | { readonly kind: 'start' }
  | { readonly kind: 'progress' }
  | { readonly kind: 'finish' }

export type Reply =
  | { readonly kind: 'done' }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'result'; readonly result: Result; readonly cpuMicros: number }
  | { readonly kind: 'failed'; readonly reason: string }

/** A load generator, inside its process. */
export interface Generator {
  /** Connects; resolves when nsqd has answered on every connection. */
  prepare(): Promise<void>
  start(): void
  progress(): Progress
  finish(): Result
}
