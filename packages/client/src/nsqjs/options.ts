// nsqjs's options: its names, units and messages, turned into ours.

import { inspect } from 'node:util'
import type { GivenConnectionOptions } from '../connection-options.ts'
import type { GivenConsumerOptions } from '../consumer-options.ts'

export interface ConnectionConfigOptions {
  readonly authSecret?: string | null
  readonly clientId?: string | null
  readonly deflate?: boolean
  readonly deflateLevel?: number
  /** Seconds. */
  readonly heartbeatInterval?: number
  /** Seconds; 0 for off. */
  readonly idleTimeout?: number
  /** Milliseconds. */
  readonly messageTimeout?: number | null
  readonly outputBufferSize?: number | null
  /** Milliseconds. */
  readonly outputBufferTimeout?: number | null
  readonly sampleRate?: number | null
  readonly snappy?: boolean
  readonly tls?: boolean
  readonly tlsVerification?: boolean
  readonly key?: Buffer | null
  readonly cert?: Buffer | null
  readonly ca?: Buffer | null
}

export interface ReaderConnectionConfigOptions extends ConnectionConfigOptions {
  readonly lookupdHTTPAddresses?: string | string[]
  readonly nsqdTCPAddresses?: string | string[]
  /** Seconds. */
  readonly lookupdPollInterval?: number
  readonly lookupdPollJitter?: number
  /** Milliseconds. Has no effect: RDY is shared out in another way. */
  readonly lowRdyTimeout?: number
  readonly maxAttempts?: number
  /** Seconds. */
  readonly maxBackoffDuration?: number
  readonly maxInFlight?: number
  readonly name?: string | null
  /** Milliseconds. */
  readonly requeueDelay?: number
}

function checkNumber(name: string, value: unknown, low: number, high?: number): void {
  if (value === undefined || value === null) return
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw new Error(`${name}(${inspect(value)}) is not a number`)
  }
  if (value >= low && (high === undefined || value <= high)) return
  throw new Error(`${low} <= ${name}(${value})${high === undefined ? '' : ` <= ${high}`}`)
}

function checkFlag(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return
  throw new Error(`${name} must be either true or false`)
}

function checkText(name: string, value: unknown): void {
  if (value === undefined || value === null) return
  if (typeof value !== 'string' || value === '')
    throw new Error(`${name} must be a non-empty string`)
}

function checkConnection(given: ConnectionConfigOptions): void {
  for (const name of ['authSecret', 'clientId'] as const) checkText(name, given[name])
  for (const name of ['deflate', 'snappy', 'tls', 'tlsVerification'] as const) {
    checkFlag(name, given[name])
  }
  for (const name of ['key', 'cert', 'ca'] as const) {
    const value: unknown = given[name]
    if (value !== undefined && value !== null && !Buffer.isBuffer(value)) {
      throw new Error(`${name} must be a buffer`)
    }
  }
  checkNumber('deflateLevel', given.deflateLevel, 0, 9)
  checkNumber('heartbeatInterval', given.heartbeatInterval, 1)
  checkNumber('idleTimeout', given.idleTimeout, 0)
  checkNumber('messageTimeout', given.messageTimeout, 1)
  if (given.outputBufferSize !== -1) checkNumber('outputBufferSize', given.outputBufferSize, 64)
  if (given.outputBufferTimeout !== -1) {
    checkNumber('outputBufferTimeout', given.outputBufferTimeout, 1)
  }
  checkNumber('sampleRate', given.sampleRate, 1, 99)
  if (given.deflate === true && given.snappy === true) {
    throw new Error('Cannot use both deflate and snappy')
  }
}

/** @throws {Error} with nsqjs's own message. Options it doesn't know are dropped, as nsqjs drops them. */
export function connectionOptionsOf(given: ConnectionConfigOptions): GivenConnectionOptions {
  checkConnection(given)
  const heartbeatIntervalMs = (given.heartbeatInterval ?? 30) * 1_000
  const idleMs = (given.idleTimeout ?? 0) * 1_000
  const readTimeoutMs = Math.min(300_000, Math.max(idleMs || 60_000, heartbeatIntervalMs * 2))
  const tls =
    given.tls === true
      ? {
          rejectUnauthorized: given.tlsVerification ?? true,
          ...(given.key ? { key: given.key } : {}),
          ...(given.cert ? { cert: given.cert } : {}),
          ...(given.ca ? { ca: given.ca } : {}),
        }
      : false
  return {
    authSecret: given.authSecret ?? undefined,
    clientId: given.clientId ?? undefined,
    deflate: given.deflate,
    // 0 is "no compression" for zlib; nsqd takes it for its default.
    deflateLevel: given.deflateLevel === 0 ? 1 : given.deflateLevel,
    heartbeatIntervalMs,
    readTimeoutMs,
    msgTimeoutMs: given.messageTimeout ?? undefined,
    outputBufferSize: given.outputBufferSize ?? undefined,
    outputBufferTimeoutMs: given.outputBufferTimeout ?? undefined,
    sampleRate: given.sampleRate ?? undefined,
    snappy: given.snappy,
    tls,
  }
}

function listOf(name: string, value: unknown, kind: string, isGood: RegExp): string[] {
  if (value === undefined || value === null) return []
  const list: unknown[] = Array.isArray(value) ? value : [value]
  const good = list.filter((item): item is string => typeof item === 'string' && isGood.test(item))
  if (good.length === 0 || good.length < list.length) {
    throw new Error(`${name} must be a list of addresses ${kind}`)
  }
  return good
}

export interface ReaderSettings {
  readonly consumer: GivenConsumerOptions
  readonly nsqd: readonly string[]
  readonly lookupd: readonly string[]
  readonly requeueDelayMs: number
}

/** @throws {Error} with nsqjs's own message. */
export function readerSettingsOf(given: ReaderConnectionConfigOptions): ReaderSettings {
  const connection = connectionOptionsOf(given)
  const nsqd = listOf('nsqdTCPAddresses', given.nsqdTCPAddresses, "'host:port'", /^[^\s]+:\d+$/)
  const lookupd = listOf(
    'lookupdHTTPAddresses',
    given.lookupdHTTPAddresses,
    "'host:port' or HTTP/HTTPS URI",
    /^(https?:\/\/\S+|[^\s]+:\d+)/,
  )
  if (nsqd.length + lookupd.length === 0) {
    throw new Error('Need to provide either nsqdTCPAddresses or lookupdHTTPAddresses')
  }
  checkNumber('maxInFlight', given.maxInFlight, 1)
  checkNumber('maxAttempts', given.maxAttempts, 0)
  checkNumber('maxBackoffDuration', given.maxBackoffDuration, 0)
  checkNumber('requeueDelay', given.requeueDelay, 0)
  checkNumber('lookupdPollInterval', given.lookupdPollInterval, 1)
  const jitter = given.lookupdPollJitter ?? 0.3
  if (typeof jitter !== 'number' || !(jitter > 0 && jitter < 1)) {
    throw new Error(`0 < lookupdPollJitter(${String(jitter)}) < 1`)
  }
  const requeueDelayMs = given.requeueDelay ?? 90_000
  const maxBackoffMs = (given.maxBackoffDuration ?? 128) * 1_000
  return {
    nsqd,
    lookupd,
    requeueDelayMs,
    consumer: {
      ...connection,
      maxInFlight: given.maxInFlight,
      maxAttempts: given.maxAttempts ?? 0,
      maxBackoffMs,
      backoffStrategy: linearBackoff(maxBackoffMs),
      lookupdPollIntervalMs: Math.min(300_000, (given.lookupdPollInterval ?? 60) * 1_000),
      lookupdPollJitter: jitter,
    },
  }
}

/** nsqjs's waits: a short part that grows fast and a long one that grows slowly, each to its share of the maximum. */
export function linearBackoff(maxMs: number): (level: number) => number {
  if (maxMs === 0) return () => Infinity
  const shortMs = maxMs * 0.25
  const longMs = maxMs * 0.75
  return (level) =>
    Math.min(shortMs, (level * shortMs) / 10) + Math.min(longMs, (level * longMs) / 250)
}
