// `--consumer-opt` and `--producer-opt`: go-nsq's names for what the client library can be told, `key,value`.

import { readFileSync } from 'node:fs'
import type { ConnectionOptions as TlsOptions, SecureVersion } from 'node:tls'

import type { ConsumerOptions, ProducerOptions } from '@tsq/client'
import { custom, formatGoDuration, type Option, OptionValueError } from '@tsq/daemon'

import { parseBoolean, parseDuration, parseFloat, parseInteger, refuse } from './client-values.ts'
import { FatalError } from './fatal-error.ts'

type Shared = Omit<Pick<ConsumerOptions, keyof ConsumerOptions & keyof ProducerOptions>, 'nsqd'>
type ConsumerOnly = Omit<ConsumerOptions, keyof Shared | 'nsqd' | 'lookupd' | 'topic' | 'channel'>

/** What was given, in the client's own terms. */
export interface ClientOptions {
  readonly connection: Shared
  /** Without effect on a producer. */
  readonly consumer: ConsumerOnly
  /** `tls_v1`, where it was given. */
  readonly wantsTls: boolean | undefined
  readonly tls: TlsOptions
}

type Part = { readonly [K in keyof ClientOptions]?: ClientOptions[K] }

/** One key: how its value is read, what it comes to, and a line for the reference page. */
interface Key {
  readonly doc: string
  /** @param value `true` for a key without a value. @throws {OptionValueError} */
  read(name: string, value: string | true): Part
}

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const MAX_TIMEOUT_MS = 5 * MINUTE_MS

type Apply<T> = (value: T) => Part
interface Range {
  readonly min?: number
  readonly max?: number
}

function duration(doc: string, range: Range, apply: Apply<number>): Key {
  return {
    doc,
    read: (name, value) => {
      const ms = parseDuration(name, value)
      checkRange(name, ms, range, formatGoDuration)
      // The client counts whole milliseconds.
      return apply(Math.ceil(ms))
    },
  }
}

function integer(doc: string, range: Range, apply: Apply<number>): Key {
  return {
    doc,
    read: (name, value) => {
      const number = parseInteger(name, value)
      checkRange(name, number, range, String)
      return apply(number)
    },
  }
}

function float(doc: string, range: Range, apply: Apply<number>): Key {
  return {
    doc,
    read: (name, value) => {
      const number = parseFloat(name, value)
      checkRange(name, number, range, String)
      return apply(number)
    },
  }
}

function boolean(doc: string, apply: Apply<boolean>): Key {
  return { doc, read: (name, value) => apply(parseBoolean(name, value)) }
}

function text(doc: string, apply: Apply<string>): Key {
  return {
    doc,
    read: (name, value) => {
      if (value === true) return refuse(name, value, 'invalid value type')
      return apply(value)
    },
  }
}

const connection = (part: Shared): Part => ({ connection: part })
const consumer = (part: ConsumerOnly): Part => ({ consumer: part })
const nothing = (): Part => ({})
const INSTEAD = 'accepted without effect: tsq shares out RDY in its own way'

/** Every key, in the order of the reference page. */
export const clientKeys: Readonly<Record<string, Key>> = {
  dial_timeout: duration('longest wait for a connection (1s)', { min: 0 }, (ms) =>
    connection({ connectTimeoutMs: Math.min(Math.max(1, ms), 600_000) }),
  ),
  read_timeout: duration(
    'a silent connection is given up after this long (1m)',
    { min: 100, max: MAX_TIMEOUT_MS },
    (ms) => connection({ readTimeoutMs: ms }),
  ),
  write_timeout: duration(
    'a connection that takes no bytes is given up after this long (5s)',
    { min: 100, max: MAX_TIMEOUT_MS },
    (ms) => connection({ writeTimeoutMs: ms }),
  ),
  local_addr: {
    doc: 'local address to connect from, host:port; the port is not used',
    read: (name, value) => {
      const host = value === true ? undefined : /^\[?([^\]]*?)\]?:\d*$/.exec(value)?.[1]
      if (host === undefined)
        return refuse(name, value, `address ${value}: missing port in address`)
      return connection({ localAddress: host })
    },
  },
  client_id: text('name shown in nsqadmin (short host name)', (name) =>
    connection({ clientId: name }),
  ),
  hostname: text('host name shown in nsqadmin (host name)', (name) =>
    connection({ hostname: name }),
  ),
  user_agent: text("accepted without effect: it is the tool's", nothing),
  heartbeat_interval: duration(
    'how often nsqd sends a heartbeat; negative for never (30s)',
    {},
    (ms) => connection({ heartbeatIntervalMs: ms < 0 ? -1 : Math.max(1, ms) }),
  ),
  sample_rate: integer(
    'percentage of messages to receive, 0 for all (0)',
    { min: 0, max: 99 },
    (rate) => connection({ sampleRate: rate }),
  ),
  tls_v1: boolean('ask for TLS; a nsqd that does not grant it is refused (false)', (wantsTls) => ({
    wantsTls,
  })),
  tls_root_ca_file: text('PEM file of the authorities to trust', (file) => ({
    tls: { ca: readPem('custom Certificate Authority', file) },
  })),
  tls_cert: text('PEM file of the client certificate; needs tls_key', (file) => ({
    tls: { cert: readPem('client certificate', file) },
  })),
  tls_key: text('PEM file of its key; needs tls_cert', (file) => ({
    tls: { key: readPem('key of the client certificate', file) },
  })),
  tls_insecure_skip_verify: boolean('accept any certificate (false)', (skip) => ({
    tls: { rejectUnauthorized: !skip },
  })),
  tls_min_version: text('ssl3.0, tls1.0, tls1.1 or tls1.2', (version) => ({
    tls: { minVersion: tlsVersion(version) },
  })),
  deflate: boolean('ask for deflate compression (false)', (deflate) => connection({ deflate })),
  deflate_level: integer('1 fast to 9 small (6)', { min: 1, max: 9 }, (deflateLevel) =>
    connection({ deflateLevel }),
  ),
  snappy: boolean('ask for snappy compression (false)', (snappy) => connection({ snappy })),
  output_buffer_size: integer(
    'bytes nsqd gathers before it writes; -1 for none (16384)',
    {},
    (n) => (n === 0 ? {} : connection({ outputBufferSize: n < 0 ? -1 : Math.max(64, n) })),
  ),
  output_buffer_timeout: duration(
    'longest time nsqd gathers; negative for no limit (250ms)',
    {},
    (ms) => (ms === 0 ? {} : connection({ outputBufferTimeoutMs: ms < 0 ? -1 : ms })),
  ),
  msg_timeout: duration('how long nsqd waits for an answer (its own default)', { min: 0 }, (ms) =>
    connection({ msgTimeoutMs: ms }),
  ),
  max_msg_size: integer('largest message to accept, 0 for any (0)', { min: 0 }, (bytes) =>
    bytes === 0 ? {} : connection({ maxFrameBytes: Math.max(1_024, bytes + 64) }),
  ),
  auth_secret: text('secret for AUTH', (authSecret) => connection({ authSecret })),
  topology_region: text('region of this client', (topologyRegion) =>
    connection({ topologyRegion }),
  ),
  topology_zone: text('zone of this client', (topologyZone) => connection({ topologyZone })),

  max_in_flight: integer('accepted without effect: use --max-in-flight', { min: 0 }, nothing),
  max_attempts: integer(
    'a message delivered more often than this is given up, 0 for never (0)',
    { min: 0, max: 65_535 },
    (maxAttempts) => consumer({ maxAttempts }),
  ),
  lookupd_poll_interval: duration(
    'how often nsqlookupd is asked (1m)',
    { min: 10, max: MAX_TIMEOUT_MS },
    (ms) => consumer({ lookupdPollIntervalMs: ms }),
  ),
  lookupd_poll_jitter: float(
    'share of that by which the rounds are spread (0.3)',
    { min: 0, max: 1 },
    (lookupdPollJitter) => consumer({ lookupdPollJitter }),
  ),
  lookupd_poll_timeout: duration('longest wait for its answer (10s)', { min: 1 }, (ms) =>
    consumer({ lookupdPollTimeoutMs: Math.min(ms, MAX_TIMEOUT_MS) }),
  ),
  max_requeue_delay: duration(
    'longest wait of a failed message (15m)',
    { min: 0, max: HOUR_MS },
    (ms) => consumer({ maxRequeueDelayMs: ms }),
  ),
  default_requeue_delay: duration(
    'a failed message waits this long times its attempts (90s)',
    { min: 0, max: HOUR_MS },
    (ms) => consumer({ requeueDelayMs: ms }),
  ),
  backoff_strategy: {
    doc: 'exponential or full_jitter (exponential)',
    read: (name, value) => {
      if (value === 'exponential' || value === 'full_jitter') {
        return consumer({ backoffStrategy: value })
      }
      return refuse(name, value, 'must be exponential or full_jitter')
    },
  },
  max_backoff_duration: duration(
    'longest back-off, 0 for none (2m)',
    { min: 0, max: HOUR_MS },
    (ms) => consumer({ maxBackoffMs: ms }),
  ),
  backoff_multiplier: duration('unit of the back-off (1s)', { min: 0, max: HOUR_MS }, (ms) =>
    consumer({ backoffMultiplierMs: ms }),
  ),
  low_rdy_idle_timeout: duration(INSTEAD, { min: 1_000, max: MAX_TIMEOUT_MS }, nothing),
  low_rdy_timeout: duration(INSTEAD, { min: 1_000, max: MAX_TIMEOUT_MS }, nothing),
  rdy_redistribute_interval: duration(INSTEAD, { min: 1, max: 5_000 }, nothing),
  skip_lookupd_authorization: boolean(
    'despite its name: whether auth_secret is sent to nsqlookupd (true)',
    (lookupdAuthorization) => consumer({ lookupdAuthorization }),
  ),
}

export const NO_CLIENT_OPTIONS: ClientOptions = Object.freeze({
  connection: {},
  consumer: {},
  wantsTls: undefined,
  tls: {},
})

/** A repeatable flag whose every value is `key,value`. */
export function clientOptions(spec: {
  readonly flag: string
  readonly doc: string
  readonly group?: string
}): Option<ClientOptions> {
  return {
    ...custom<ClientOptions>({
      ...spec,
      default: NO_CLIENT_OPTIONS,
      typeName: 'value',
      parse: (given) => merge(NO_CLIENT_OPTIONS, parseOne(given)),
      format: () => '',
      accepts: (value): value is ClientOptions => typeof value === 'object' && value !== null,
    }),
    isList: true,
    append: merge,
  }
}

function parseOne(given: string): Part {
  const comma = given.indexOf(',')
  const name = (comma === -1 ? given : given.slice(0, comma)).replaceAll('-', '_')
  const key = Object.hasOwn(clientKeys, name) ? clientKeys[name] : undefined
  if (key === undefined) throw new OptionValueError(`invalid option ${name}`)
  return key.read(name, comma === -1 ? true : given.slice(comma + 1))
}

function merge(earlier: ClientOptions, later: Part): ClientOptions {
  return {
    connection: { ...earlier.connection, ...later.connection },
    consumer: { ...earlier.consumer, ...later.consumer },
    wantsTls: later.wantsTls ?? earlier.wantsTls,
    tls: { ...earlier.tls, ...later.tls },
  }
}

/**
 * The options that consumers and producers have in common, complete.
 *
 * @throws {FatalError} for what does not go together.
 */
export function connectionOptionsOf(given: ClientOptions): Shared {
  const { heartbeatIntervalMs = 30_000, readTimeoutMs = MINUTE_MS } = given.connection
  if (heartbeatIntervalMs > readTimeoutMs) {
    const [heartbeat, read] = [heartbeatIntervalMs, readTimeoutMs].map(formatGoDuration)
    throw new FatalError(`HeartbeatInterval ${heartbeat} must be less than ReadTimeout ${read}`)
  }
  if (given.connection.deflate === true && given.connection.snappy === true) {
    const reason = 'cannot enable both deflate and snappy compression'
    throw new FatalError(`failed to IDENTIFY - E_IDENTIFY_FAILED ${reason}`)
  }
  if (given.wantsTls !== true) return given.connection
  const { cert, key, ...tls } = given.tls
  // As in go-nsq a certificate counts from when both parts are there.
  const isPair = cert !== undefined && key !== undefined
  return { ...given.connection, tls: { ...tls, ...(isPair ? { cert, key } : {}) } }
}

function checkRange(
  name: string,
  value: number,
  { min = -Infinity, max = Infinity }: Range,
  show: (value: number) => string,
): void {
  if (value < min) throw new OptionValueError(`invalid ${name} ! ${show(value)} < ${show(min)}`)
  if (value > max) throw new OptionValueError(`invalid ${name} ! ${show(value)} > ${show(max)}`)
}

function readPem(what: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new OptionValueError(`ERROR: failed to read ${what} file ${(error as Error).message}`)
  }
}

const TLS_VERSIONS: Readonly<Record<string, SecureVersion>> = {
  // Node knows nothing older than TLS 1.0.
  'ssl3.0': 'TLSv1',
  'tls1.0': 'TLSv1',
  'tls1.1': 'TLSv1.1',
  'tls1.2': 'TLSv1.2',
}

function tlsVersion(name: string): SecureVersion {
  const version = TLS_VERSIONS[name]
  if (version === undefined) throw new OptionValueError(`ERROR: ${name} is not a tls version`)
  return version
}
