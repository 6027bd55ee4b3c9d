import { ProtocolError } from '@tsq/protocol'

import type { NsqdOptions } from '../options.ts'
import { NSQ_VERSION } from '../version.ts'

const DEFAULT_HEARTBEAT_MS = 30_000
const SMALLEST_HEARTBEAT_MS = 1_000
const DEFAULT_OUTPUT_BUFFER_BYTES = 16_384
const SMALLEST_OUTPUT_BUFFER_BYTES = 64
const SMALLEST_MSG_TIMEOUT_MS = 1_000
const DEFAULT_DEFLATE_LEVEL = 6

/** What a client said of itself in IDENTIFY, with nsqd's defaults where it said nothing. */
export interface Identity {
  readonly clientId: string
  readonly hostname: string
  readonly userAgent: string
  /** 0 for no heartbeats. */
  readonly heartbeatIntervalMs: number
  /** Percent of the messages it wants; 0 for all. */
  readonly sampleRate: number
  readonly msgTimeoutMs: number
  readonly outputBufferSize: number
  readonly outputBufferTimeoutMs: number
  readonly topologyRegion: string
  readonly topologyZone: string
}

/** The identity of a client that has not sent IDENTIFY. */
export function defaultIdentity(remoteHost: string, options: NsqdOptions): Identity {
  return {
    clientId: remoteHost,
    hostname: remoteHost,
    userAgent: '',
    heartbeatIntervalMs: DEFAULT_HEARTBEAT_MS,
    sampleRate: 0,
    msgTimeoutMs: options.msgTimeoutMs,
    outputBufferSize: DEFAULT_OUTPUT_BUFFER_BYTES,
    outputBufferTimeoutMs: options.outputBufferTimeoutMs,
    topologyRegion: '',
    topologyZone: '',
  }
}

/**
 * Reads an IDENTIFY body. `response` is undefined where the client did not ask for feature negotiation: it gets `OK`.
 *
 * @throws {ProtocolError} `E_BAD_BODY`
 */
export function negotiate(
  body: Buffer,
  options: NsqdOptions,
): { identity: Identity; response: object | undefined } {
  const fields = readFields(body)
  const heartbeatIntervalMs = heartbeat(fields.integer('heartbeat_interval'), options)
  const bufferTimeout = outputBufferTimeout(fields.integer('output_buffer_timeout'), options)
  const bufferSize = outputBufferSize(fields.integer('output_buffer_size'), options)
  const sampleRate = fields.integer('sample_rate')
  if (sampleRate < 0 || sampleRate > 99) invalid('sample rate', sampleRate)
  const msgTimeoutMs = msgTimeout(fields.integer('msg_timeout'), options)
  const identity: Identity = {
    clientId: fields.text('client_id'),
    hostname: fields.text('hostname'),
    userAgent: fields.text('user_agent'),
    heartbeatIntervalMs,
    sampleRate,
    msgTimeoutMs,
    outputBufferSize: bufferSize,
    outputBufferTimeoutMs: bufferSize === 1 ? 0 : bufferTimeout,
    topologyRegion: fields.text('topology_region'),
    topologyZone: fields.text('topology_zone'),
  }
  for (const name of ['tls_v1', 'snappy', 'deflate']) fields.boolean(name)
  fields.integer('deflate_level')
  const wantsAnswer = fields.boolean('feature_negotiation')
  return { identity, response: wantsAnswer ? answer(identity, options) : undefined }
}

/** Key order as nsqd's. Upgrades are answered as not available. */
function answer(identity: Identity, options: NsqdOptions): object {
  return {
    max_rdy_count: options.maxRdyCount,
    version: NSQ_VERSION,
    max_msg_timeout: Math.floor(options.maxMsgTimeoutMs),
    msg_timeout: Math.floor(identity.msgTimeoutMs),
    tls_v1: false,
    deflate: false,
    deflate_level: DEFAULT_DEFLATE_LEVEL,
    max_deflate_level: DEFAULT_DEFLATE_LEVEL,
    snappy: false,
    sample_rate: identity.sampleRate,
    auth_required: false,
    output_buffer_size: identity.outputBufferSize,
    output_buffer_timeout: Math.floor(identity.outputBufferTimeoutMs),
    topology_region: options.topologyRegion,
    topology_zone: options.topologyZone,
  }
}

function heartbeat(value: number, options: NsqdOptions): number {
  if (value === -1) return 0
  if (value === 0) return DEFAULT_HEARTBEAT_MS
  if (value < SMALLEST_HEARTBEAT_MS || value > options.maxHeartbeatIntervalMs) {
    invalid('heartbeat interval', value)
  }
  return value
}

function outputBufferTimeout(value: number, options: NsqdOptions): number {
  if (value === -1) return 0
  if (value === 0) return options.outputBufferTimeoutMs
  const { minOutputBufferTimeoutMs, maxOutputBufferTimeoutMs } = options
  if (value < minOutputBufferTimeoutMs || value > maxOutputBufferTimeoutMs) {
    invalid('output buffer timeout', value)
  }
  return value
}

function outputBufferSize(value: number, options: NsqdOptions): number {
  if (value === -1) return 1
  if (value === 0) return DEFAULT_OUTPUT_BUFFER_BYTES
  if (value < SMALLEST_OUTPUT_BUFFER_BYTES || value > options.maxOutputBufferSize) {
    invalid('output buffer size', value)
  }
  return value
}

function msgTimeout(value: number, options: NsqdOptions): number {
  if (value === 0) return options.msgTimeoutMs
  if (value < SMALLEST_MSG_TIMEOUT_MS || value > options.maxMsgTimeoutMs) {
    invalid('msg timeout', value)
  }
  return value
}

function invalid(what: string, value: number): never {
  throw new ProtocolError('E_BAD_BODY', `IDENTIFY ${what} (${value}) is invalid`)
}

function undecodable(): never {
  throw new ProtocolError('E_BAD_BODY', 'IDENTIFY failed to decode JSON body')
}

/** The fields of the body by lower-case name, each of the type it must have; null and absent are its zero. */
class Fields {
  readonly #values: ReadonlyMap<string, unknown>

  constructor(values: ReadonlyMap<string, unknown>) {
    this.#values = values
  }

  integer(name: string): number {
    const value = this.#values.get(name) ?? 0
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : undecodable()
  }

  text(name: string): string {
    const value = this.#values.get(name) ?? ''
    return typeof value === 'string' ? value : undecodable()
  }

  boolean(name: string): boolean {
    const value = this.#values.get(name) ?? false
    return typeof value === 'boolean' ? value : undecodable()
  }
}

function readFields(body: Buffer): Fields {
  let parsed: unknown
  try {
    parsed = JSON.parse(body.toString())
  } catch {
    undecodable()
  }
  if (parsed === null) return new Fields(new Map())
  if (typeof parsed !== 'object' || Array.isArray(parsed)) undecodable()
  const entries = Object.entries(parsed)
  return new Fields(new Map(entries.map(([name, value]) => [name.toLowerCase(), value as unknown])))
}
