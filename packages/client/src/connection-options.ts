import { hostname } from 'node:os'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { isObject } from './json.ts'
import { silentLogger, type Logger } from './logger.ts'
import { flag, integer, text, custom, type GivenOptions, type OptionsOf } from './options.ts'

export const VERSION = '0.1.0'

/** Most a body may have before nsqd's own default refuses it (`--max-msg-size`). */
export const DEFAULT_MAX_MESSAGE_BYTES = 1_048_576

/** What every connection to an nsqd goes by. */
export const connectionOptions = {
  connectTimeoutMs: integer({
    default: 1_000,
    min: 1,
    max: 600_000,
    doc: 'longest wait for the TCP connection',
  }),
  handshakeTimeoutMs: integer({
    default: 5_000,
    min: 1,
    max: 600_000,
    doc: 'longest wait for IDENTIFY, TLS, compression and AUTH together',
  }),
  readTimeoutMs: integer({
    default: 60_000,
    min: 100,
    max: 300_000,
    doc: 'a connection that is silent for this long is given up; nsqd sends a heartbeat well before',
  }),
  writeTimeoutMs: integer({
    default: 5_000,
    min: 100,
    max: 300_000,
    doc: 'a connection that takes none of the bytes written for this long is given up',
  }),
  localAddress: text({ default: '', doc: 'local IP address to connect from' }),
  clientId: text({ default: '', doc: 'name shown in nsqadmin; the short host name by default' }),
  hostname: text({ default: '', doc: 'host name shown in nsqadmin; the real one by default' }),
  userAgent: text({ default: `tsq-client/${VERSION}`, doc: 'name and version of the software' }),
  heartbeatIntervalMs: integer({
    default: 30_000,
    min: 1,
    or: -1,
    doc: 'how often nsqd sends a heartbeat; -1 for never, which only producers may ask for',
  }),
  sampleRate: integer({
    default: 0,
    min: 0,
    max: 99,
    doc: 'percentage of messages to receive; nsqd drops the rest. 0 for all',
  }),
  tls: custom<boolean | TlsOptions>({
    default: false,
    doc: 'ask for TLS; an object goes to tls.connect (ca, key, cert, servername …)',
    is: (given) => typeof given === 'boolean' || isObject(given),
    kind: 'a boolean or an object',
  }),
  requireTls: flag({
    default: true,
    doc: 'fail when TLS was asked for and nsqd does not grant it, instead of going on in clear',
  }),
  deflate: flag({ default: false, doc: 'ask for deflate compression' }),
  deflateLevel: integer({ default: 6, min: 1, max: 9, doc: 'deflate level, 1 fast to 9 small' }),
  snappy: flag({
    default: false,
    doc: 'ask for snappy compression; uses the snappy package where installed, plain code where not',
  }),
  requireCompression: flag({
    default: false,
    doc: 'fail when compression was asked for and nsqd does not grant it',
  }),
  outputBufferSize: integer({
    default: 16_384,
    min: 64,
    or: -1,
    doc: 'bytes nsqd gathers before it writes messages; -1 for no buffer',
  }),
  outputBufferTimeoutMs: integer({
    default: 250,
    min: 1,
    or: -1,
    doc: 'longest time nsqd holds messages back to gather more; -1 for no limit',
  }),
  msgTimeoutMs: integer({
    default: 0,
    min: 0,
    doc: 'how long nsqd waits for a message to be answered; 0 for its own default',
  }),
  maxMessageBytes: integer({
    default: DEFAULT_MAX_MESSAGE_BYTES,
    min: 1,
    max: 0x7fff_0000,
    doc: 'largest body to send; set it as --max-msg-size of nsqd',
  }),
  maxFrameBytes: integer({
    default: 67_108_864,
    min: 1_024,
    max: 0x7fff_0000,
    doc: 'largest frame to accept from nsqd; a larger one closes the connection',
  }),
  authSecret: text({ default: '', doc: 'secret for AUTH, where nsqd asks for it' }),
  topologyRegion: text({ default: '', doc: 'region of this client' }),
  topologyZone: text({ default: '', doc: 'zone of this client' }),
  reconnectMinMs: integer({
    default: 250,
    min: 1,
    max: 3_600_000,
    doc: 'upper bound of the random wait before the first reconnect; doubles with each failure',
  }),
  reconnectMaxMs: integer({
    default: 30_000,
    min: 1,
    max: 3_600_000,
    doc: 'highest upper bound of the random wait before a reconnect',
  }),
  logger: custom<Logger>({
    default: silentLogger,
    doc: 'where the client says what it does; nowhere by default',
    is: isObject,
    kind: 'a logger',
  }),
}

export type ConnectionOptions = OptionsOf<typeof connectionOptions>
export type GivenConnectionOptions = GivenOptions<typeof connectionOptions>

/** The rules across connection options. */
export function connectionRules(options: ConnectionOptions): string[] {
  const problems: string[] = []
  if (options.deflate && options.snappy) problems.push('cannot use both deflate and snappy')
  if (options.heartbeatIntervalMs > options.readTimeoutMs) {
    problems.push(
      `heartbeatIntervalMs ${options.heartbeatIntervalMs} > readTimeoutMs ${options.readTimeoutMs}`,
    )
  }
  if (options.reconnectMinMs > options.reconnectMaxMs) {
    problems.push(
      `reconnectMinMs ${options.reconnectMinMs} > reconnectMaxMs ${options.reconnectMaxMs}`,
    )
  }
  return problems
}

/** The body of IDENTIFY. Zeros and empty names mean nsqd's defaults, as they do for nsqd. */
export function identifyBody(options: ConnectionOptions): object {
  const fullName = options.hostname || hostname()
  const clientId = options.clientId || (fullName.split('.')[0] ?? fullName)
  return {
    client_id: clientId,
    hostname: fullName,
    user_agent: options.userAgent,
    short_id: clientId,
    long_id: fullName,
    feature_negotiation: true,
    tls_v1: options.tls !== false,
    deflate: options.deflate,
    deflate_level: options.deflateLevel,
    snappy: options.snappy,
    heartbeat_interval: options.heartbeatIntervalMs,
    sample_rate: options.sampleRate,
    output_buffer_size: options.outputBufferSize,
    output_buffer_timeout: options.outputBufferTimeoutMs,
    msg_timeout: options.msgTimeoutMs,
    topology_region: options.topologyRegion,
    topology_zone: options.topologyZone,
  }
}
