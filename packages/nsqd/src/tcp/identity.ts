import { ProtocolError } from '@tsq/protocol'

import type { NsqdOptions } from '../options.ts'
import { NSQ_VERSION } from '../version.ts'
import { IdentifyFields } from './identify-fields.ts'
import { grantUpgrades, NO_UPGRADES, type Upgrades } from './upgrades.ts'

const DEFAULT_HEARTBEAT_MS = 30_000
const SMALLEST_HEARTBEAT_MS = 1_000
const DEFAULT_OUTPUT_BUFFER_BYTES = 16_384
/** Every message is sent at once. */
const UNBUFFERED_BYTES = 1
const SMALLEST_OUTPUT_BUFFER_BYTES = 64
const SMALLEST_MSG_TIMEOUT_MS = 1_000

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
 * Reads an IDENTIFY body. Numbers that are 0 or absent stay as in `known`, what the client is known for so far. `response` is undefined where the client did not ask for feature negotiation: it gets `OK`.
 *
 * @throws {ProtocolError} `E_BAD_BODY`, `E_IDENTIFY_FAILED`
 */
export function negotiate(
  body: Buffer,
  known: Identity,
  options: NsqdOptions,
  hasCertificate: boolean,
): { identity: Identity; response: object | undefined; upgrades: Upgrades } {
  const fields = new IdentifyFields(body)
  const heartbeatIntervalMs = heartbeat(fields, known, options)
  const bufferTimeout = outputBufferTimeout(fields, known, options)
  const bufferSize = outputBufferSize(fields, known, options)
  const sampleRate = fields.integer('sample_rate')
  if (sampleRate < 0 || sampleRate > 99) invalid(fields, 'sample_rate')
  const msgTimeoutMs = msgTimeout(fields, known, options)
  const identity: Identity = {
    clientId: fields.text('client_id'),
    hostname: fields.text('hostname'),
    userAgent: fields.text('user_agent'),
    heartbeatIntervalMs,
    sampleRate,
    msgTimeoutMs,
    outputBufferSize: bufferSize,
    outputBufferTimeoutMs: fields.integer('output_buffer_size') === -1 ? 0 : bufferTimeout,
    topologyRegion: fields.text('topology_region'),
    topologyZone: fields.text('topology_zone'),
  }
  const wanted = {
    tls: fields.boolean('tls_v1'),
    snappy: fields.boolean('snappy'),
    deflate: fields.boolean('deflate'),
    deflateLevel: fields.integer('deflate_level'),
  }
  if (!fields.boolean('feature_negotiation')) {
    return { identity, response: undefined, upgrades: NO_UPGRADES }
  }
  const upgrades = grantUpgrades(wanted, options, hasCertificate)
  return { identity, response: answer(identity, upgrades, options), upgrades }
}

/** Key order as nsqd's. */
function answer(identity: Identity, upgrades: Upgrades, options: NsqdOptions): object {
  return {
    max_rdy_count: options.maxRdyCount,
    version: NSQ_VERSION,
    max_msg_timeout: Math.floor(options.maxMsgTimeoutMs),
    msg_timeout: Math.floor(identity.msgTimeoutMs),
    tls_v1: upgrades.tls,
    deflate: upgrades.compression?.name === 'deflate',
    deflate_level: upgrades.deflateLevel,
    max_deflate_level: options.maxDeflateLevel,
    snappy: upgrades.compression?.name === 'snappy',
    sample_rate: identity.sampleRate,
    auth_required: options.authHttpAddresses.length > 0,
    output_buffer_size: identity.outputBufferSize,
    output_buffer_timeout: Math.floor(identity.outputBufferTimeoutMs),
    topology_region: options.topologyRegion,
    topology_zone: options.topologyZone,
  }
}

function heartbeat(fields: IdentifyFields, known: Identity, options: NsqdOptions): number {
  const value = fields.integer('heartbeat_interval')
  if (value === -1) return 0
  if (value === 0) return known.heartbeatIntervalMs
  if (value < SMALLEST_HEARTBEAT_MS || value > options.maxHeartbeatIntervalMs) {
    invalid(fields, 'heartbeat_interval')
  }
  return value
}

function outputBufferTimeout(
  fields: IdentifyFields,
  known: Identity,
  options: NsqdOptions,
): number {
  const value = fields.integer('output_buffer_timeout')
  if (value === -1) return 0
  if (value === 0) return known.outputBufferTimeoutMs
  const { minOutputBufferTimeoutMs, maxOutputBufferTimeoutMs } = options
  if (value < minOutputBufferTimeoutMs || value > maxOutputBufferTimeoutMs) {
    invalid(fields, 'output_buffer_timeout')
  }
  return value
}

function outputBufferSize(fields: IdentifyFields, known: Identity, options: NsqdOptions): number {
  const value = fields.integer('output_buffer_size')
  if (value === -1) return UNBUFFERED_BYTES
  if (value === 0) return known.outputBufferSize
  if (value < SMALLEST_OUTPUT_BUFFER_BYTES || value > options.maxOutputBufferSize) {
    invalid(fields, 'output_buffer_size')
  }
  return value
}

function msgTimeout(fields: IdentifyFields, known: Identity, options: NsqdOptions): number {
  const value = fields.integer('msg_timeout')
  if (value === 0) return known.msgTimeoutMs
  if (value < SMALLEST_MSG_TIMEOUT_MS || value > options.maxMsgTimeoutMs) {
    invalid(fields, 'msg_timeout')
  }
  return value
}

function invalid(fields: IdentifyFields, name: string): never {
  const text = `IDENTIFY ${name.replaceAll('_', ' ')} (${fields.digits(name)}) is invalid`
  throw new ProtocolError('E_BAD_BODY', text)
}
