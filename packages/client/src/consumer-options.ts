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

const namedStrategy = oneOf({
  values: ['exponential', 'full_jitter'],
  default: 'exponential',
  doc: '',
})
const backoffStrategy: OptionSpec<'exponential' | 'full_jitter' | BackoffStrategy> = {
  default: 'exponential',
  doc: 'wait by level: exponential, full_jitter, or a function from level to milliseconds',
  check: (given) => (typeof given === 'function' ? undefined : namedStrategy.check(given)),
}

/** What asking nsqlookupd goes by. */
export const lookupOptions = {
  lookupdPollIntervalMs: integer({
    default: 60_000,
    min: 10,
    max: 300_000,
    doc: 'how often nsqlookupd is asked',
  }),
  lookupdPollJitter: ratio({
    default: 0.3,
    min: 0,
    max: 1,
    doc: 'share of the interval by which the rounds of clients started together are spread',
  }),
  lookupdPollTimeoutMs: integer({
    default: 10_000,
    min: 1,
    max: 300_000,
    doc: 'longest wait for an answer of nsqlookupd',
  }),
  lookupdAuthorization: flag({
    default: true,
    doc: 'send authSecret, where there is one, to nsqlookupd as a bearer token',
  }),
  lookupdTls: custom<TlsOptions | undefined>({
    default: undefined,
    doc: 'for nsqlookupd at https:// addresses: ca, cert, key and so on, as for tls.connect',
    is: (given) => given === undefined || isObject(given),
    kind: 'an object',
  }),
  discoveryFilter: custom<((addresses: string[]) => string[]) | undefined>({
    default: undefined,
    doc: 'picks from the nsqd addresses found, before connecting',
    is: isFunctionOrAbsent,
    kind: 'a function',
  }),
}

/** What a consumer goes by, beside the options of its connections. */
export const consumerOptions = {
  ...connectionOptions,
  ...lookupOptions,
  maxInFlight: integer({
    default: 1,
    min: 0,
    doc: 'most messages in hand at once, over all connections; 0 to start paused',
  }),
  concurrency: integer({
    default: 0,
    min: 0,
    doc: 'most handlers running at once; 0 for as many as there are messages in hand',
  }),
  maxAttempts: integer({
    default: 5,
    min: 0,
    max: 65_535,
    doc: 'a message delivered more often than this is given up; 0 for never',
  }),
  requeueDelayMs: integer({
    default: 90_000,
    min: 0,
    max: HOUR_MS,
    doc: 'a failed message waits this long times its attempts',
  }),
  maxRequeueDelayMs: integer({
    default: 900_000,
    min: 0,
    max: HOUR_MS,
    doc: 'but never longer than this',
  }),
  backoffStrategy,
  backoffMultiplierMs: integer({
    default: 1_000,
    min: 0,
    max: HOUR_MS,
    doc: 'what the named strategies multiply',
  }),
  maxBackoffMs: integer({
    default: 120_000,
    min: 0,
    max: HOUR_MS,
    doc: 'longest back-off; 0 for none at all',
  }),
  readyCycleMs: integer({
    default: 700,
    min: 20,
    max: 60_000,
    doc: 'with fewer maxInFlight than nsqd: within this time every idle nsqd has had its turn',
  }),
  autoTouch: flag({
    default: false,
    doc: 'touch messages while their handler runs, before they time out',
  }),
  closeTimeoutMs: integer({
    default: 30_000,
    min: 0,
    doc: 'longest wait of close() for what is in hand',
  }),
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
