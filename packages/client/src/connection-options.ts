import { hostname } from 'node:os'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { isObject } from './json.ts'
import { silentLogger, type Logger } from './logger.ts'
import { flag, integer, text, custom, type GivenOptions, type OptionsOf } from './options.ts'

/**
 * The version of this library, as nsqd is told in `user_agent`.
 *
 * @category Producer
 */
export const VERSION = '0.1.0'

/** Most a body may have before nsqd's own default refuses it (`--max-msg-size`). */
export const DEFAULT_MAX_MESSAGE_BYTES = 1_048_576

/** What every connection to an nsqd goes by. */
export const connectionOptions = {
  /** Longest wait for the TCP connection. */
  connectTimeoutMs: integer({ default: 1_000, min: 1, max: 600_000 }),
  /** Longest wait for IDENTIFY, TLS, compression and AUTH together. */
  handshakeTimeoutMs: integer({ default: 5_000, min: 1, max: 600_000 }),
  /** A connection that is silent for this long is given up; nsqd sends a heartbeat well before. */
  readTimeoutMs: integer({ default: 60_000, min: 100, max: 300_000 }),
  /** A connection that takes none of the bytes written for this long is given up. */
  writeTimeoutMs: integer({ default: 5_000, min: 100, max: 300_000 }),
  /** Local IP address to connect from. */
  localAddress: text({ default: '' }),
  /** Name shown in nsqadmin; the short host name by default. */
  clientId: text({ default: '' }),
  /** Host name shown in nsqadmin; the real one by default. */
  hostname: text({ default: '' }),
  /** Name and version of the software. */
  userAgent: text({ default: `tsq-client/${VERSION}` }),
  /** How often nsqd sends a heartbeat; -1 for never, which only producers may ask for. */
  heartbeatIntervalMs: integer({ default: 30_000, min: 1, or: -1 }),
  /** Percentage of messages to receive; nsqd drops the rest. 0 for all. */
  sampleRate: integer({ default: 0, min: 0, max: 99 }),
  /** Ask for TLS; an object goes to tls.connect (ca, key, cert, servername …). */
  tls: custom<boolean | TlsOptions>({
    default: false,
    is: (given) => typeof given === 'boolean' || isObject(given),
    kind: 'a boolean or an object',
  }),
  /** Fail when TLS was asked for and nsqd does not grant it, instead of going on in clear. */
  requireTls: flag({ default: true }),
  /** Ask for deflate compression. */
  deflate: flag({ default: false }),
  /** Deflate level, 1 fast to 9 small. */
  deflateLevel: integer({ default: 6, min: 1, max: 9 }),
  /** Ask for snappy compression; uses the snappy package where installed, plain code where not. */
  snappy: flag({ default: false }),
  /** Fail when compression was asked for and nsqd does not grant it. */
  requireCompression: flag({ default: false }),
  /** Bytes nsqd gathers before it writes messages; -1 for no buffer. */
  outputBufferSize: integer({ default: 16_384, min: 64, or: -1 }),
  /** Longest time nsqd holds messages back to gather more; -1 for no limit. */
  outputBufferTimeoutMs: integer({ default: 250, min: 1, or: -1 }),
  /** How long nsqd waits for a message to be answered; 0 for its own default. */
  msgTimeoutMs: integer({ default: 0, min: 0 }),
  /** Largest body to send; set it as --max-msg-size of nsqd. */
  maxMessageBytes: integer({ default: DEFAULT_MAX_MESSAGE_BYTES, min: 1, max: 0x7fff_0000 }),
  /** Largest frame to accept from nsqd; a larger one closes the connection. */
  maxFrameBytes: integer({ default: 67_108_864, min: 1_024, max: 0x7fff_0000 }),
  /** Secret for AUTH, where nsqd asks for it. */
  authSecret: text({ default: '' }),
  /** Region of this client. */
  topologyRegion: text({ default: '' }),
  /** Zone of this client. */
  topologyZone: text({ default: '' }),
  /** Upper bound of the random wait before the first reconnect; doubles with each failure. */
  reconnectMinMs: integer({ default: 250, min: 1, max: 3_600_000 }),
  /** Highest upper bound of the random wait before a reconnect. */
  reconnectMaxMs: integer({ default: 30_000, min: 1, max: 3_600_000 }),
  /** Where the client says what it does; nowhere by default. */
  logger: custom<Logger>({
    default: silentLogger,
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
