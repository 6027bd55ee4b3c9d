import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { BackoffStrategy } from './backoff.ts'
import { connectionOptions, connectionRules } from './connection-options.ts'
import { isObject } from './json.ts'
import {
  custom,
  flag,
  integer,
  oneOf,
  ratio,
  resolveOptions,
  type GivenOptions,
  type OptionSpec,
  type OptionsOf,
} from './options.ts'

const HOUR_MS = 3_600_000

function isFunctionOrAbsent(given: unknown): boolean {
  return given === undefined || typeof given === 'function'
}

const namedStrategy = oneOf({ values: ['exponential', 'full_jitter'], default: 'exponential' })
const backoffStrategy: OptionSpec<'exponential' | 'full_jitter' | BackoffStrategy> = {
  default: 'exponential',
  accepts: `${namedStrategy.accepts}, or a function`,
  check: (given) => (typeof given === 'function' ? undefined : namedStrategy.check(given)),
}

/** What asking nsqlookupd goes by. */
export const lookupOptions = {
  /** How often nsqlookupd is asked. */
  lookupdPollIntervalMs: integer({ default: 60_000, min: 10, max: 300_000 }),
  /** Share of the interval by which the rounds of clients started together are spread. */
  lookupdPollJitter: ratio({ default: 0.3, min: 0, max: 1 }),
  /** Longest wait for an answer of nsqlookupd. */
  lookupdPollTimeoutMs: integer({ default: 10_000, min: 1, max: 300_000 }),
  /** Whether `authSecret`, where there is one, goes to nsqlookupd as a bearer token. */
  lookupdAuthorization: flag({ default: true }),
  /** For nsqlookupd at `https://` addresses: `ca`, `cert`, `key` and so on, as for `tls.connect`. */
  lookupdTls: custom<TlsOptions | undefined>({
    default: undefined,
    is: (given) => given === undefined || isObject(given),
    kind: 'an object',
  }),
  /** Picks from the nsqd addresses found, before connecting. */
  discoveryFilter: custom<((addresses: string[]) => string[]) | undefined>({
    default: undefined,
    is: isFunctionOrAbsent,
    kind: 'a function',
  }),
}

/** What a consumer goes by, beside the options of its connections. */
export const consumerOptions = {
  ...connectionOptions,
  ...lookupOptions,
  /** Most messages in hand at once, over all connections; 0 to start paused. */
  maxInFlight: integer({ default: 1, min: 0 }),
  /** Most handlers running at once; 0 for as many as there are messages in hand. */
  concurrency: integer({ default: 0, min: 0 }),
  /** A message delivered more often than this is given up; 0 for never. */
  maxAttempts: integer({ default: 5, min: 0, max: 65_535 }),
  /** How long a failed message waits, times its attempts so far. */
  requeueDelayMs: integer({ default: 90_000, min: 0, max: HOUR_MS }),
  /** Longest wait of a failed message, however often it was attempted. */
  maxRequeueDelayMs: integer({ default: 900_000, min: 0, max: HOUR_MS }),
  /** Wait by level: a named strategy, or a function from the level, 1 and up, to milliseconds. */
  backoffStrategy,
  /** What the named strategies multiply. */
  backoffMultiplierMs: integer({ default: 1_000, min: 0, max: HOUR_MS }),
  /** Longest back-off; 0 for none at all. */
  maxBackoffMs: integer({ default: 120_000, min: 0, max: HOUR_MS }),
  /** With fewer maxInFlight than nsqd: within this time every idle nsqd has had its turn. */
  readyCycleMs: integer({ default: 700, min: 20, max: 60_000 }),
  /** Touch messages while their handler runs, before they time out. */
  autoTouch: flag({ default: false }),
  /** Longest wait of close() for what is in hand. */
  closeTimeoutMs: integer({ default: 30_000, min: 0 }),
}

export type ConsumerSettings = OptionsOf<typeof consumerOptions>
export type GivenConsumerOptions = GivenOptions<typeof consumerOptions>

export function resolveConsumerOptions(given: GivenConsumerOptions): ConsumerSettings {
  return resolveOptions(consumerOptions, given, (options) => {
    const problems = connectionRules(options)
    if (options.heartbeatIntervalMs === -1) {
      problems.push('heartbeatIntervalMs -1: nsqd takes no subscriber without heartbeats')
    }
    return problems
  })
}
