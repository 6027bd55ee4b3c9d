import { connectionOptions, connectionRules } from './connection-options.ts'
import { flag, integer, resolveOptions, type GivenOptions, type OptionsOf } from './options.ts'

/** What a producer goes by, beside the options of its connection. */
export const producerOptions = {
  ...connectionOptions,
  /** Connect at once and again after every failure, whether anything is published or not. */
  keepConnected: flag({ default: false }),
  /** Publishes wait while there is no connection; false to fail them at once. */
  offlineQueue: flag({ default: true }),
  /** Longest wait of a publish for a connection. */
  queueTimeoutMs: integer({ default: 30_000, min: 1 }),
  /** Most messages that may be waiting or unanswered at once. */
  maxPendingMessages: integer({ default: 100_000, min: 1 }),
  /** Most bytes of bodies that may be waiting or unanswered at once. */
  maxPendingBytes: integer({ default: 268_435_456, min: 1 }),
  /** A connection that answers no publish for this long is given up. */
  responseTimeoutMs: integer({ default: 30_000, min: 1 }),
  /** Longest wait of close() for what is pending. */
  closeTimeoutMs: integer({ default: 10_000, min: 0 }),
  /** Largest MPUB to send; set it as --max-body-size of nsqd. */
  maxBodyBytes: integer({ default: 5_242_880, min: 1, max: 0x7fff_0000 }),
  /** Gather publishes to a topic into one MPUB of up to this many; 0 or 1 for no gathering. */
  batchMaxMessages: integer({ default: 0, min: 0 }),
  /** A gathered MPUB is sent when its bodies have this many bytes. */
  batchMaxBytes: integer({ default: 1_048_576, min: 1 }),
  /** Longest wait of a publish for others to join it; 0 for this turn of the event loop. */
  batchLingerMs: integer({ default: 0, min: 0, max: 60_000 }),
}

export type ProducerSettings = OptionsOf<typeof producerOptions>
export type GivenProducerOptions = GivenOptions<typeof producerOptions>

export function resolveProducerOptions(given: GivenProducerOptions): ProducerSettings {
  return resolveOptions(producerOptions, given, (options) => {
    const problems = connectionRules(options)
    if (options.batchMaxBytes > options.maxBodyBytes) {
      problems.push(`batchMaxBytes ${options.batchMaxBytes} > maxBodyBytes ${options.maxBodyBytes}`)
    }
    return problems
  })
}
