import { createHash } from 'node:crypto'
import os from 'node:os'
import { crc32 } from 'node:zlib'

import {
  choice,
  defineOptions,
  duration,
  integer,
  logOptions,
  type OptionsOf,
  text,
  textList,
} from '@tsq/daemon'
import { NODE_ID_LIMIT } from '@tsq/protocol'

import { oldOptions } from './old-options.ts'
import { statisticsOptions, statisticsRules } from './stats/options.ts'
import { authUrl } from './auth/auth-url.ts'
import { lookupOptions, lookupRules } from './lookup/options.ts'
import { tlsOptions } from './tls/options.ts'
import { topologyOptions } from './topology.ts'

const LISTENING = 'Listening'
const STORAGE = 'Storage'
const MESSAGES = 'Messages'
const CLIENTS = 'Clients'
const DISCOVERY = 'Discovery'
const AUTH = 'Authorization'

const MIB = 1024 * 1024
const MAX_PORT = 65_535

/** Every option of nsqd: the flag, the key in the configuration file, the check and the help text. */
export const nsqdOptions = defineOptions({
  ...logOptions('nsqd'),

  tcpAddress: text({
    flag: 'tcp-address',
    default: '0.0.0.0:4150',
    group: LISTENING,
    doc: 'listen here for clients: host:port, or the path of a Unix socket',
  }),
  httpAddress: text({
    flag: 'http-address',
    default: '0.0.0.0:4151',
    group: LISTENING,
    doc: 'listen here for HTTP; empty for none',
  }),
  broadcastAddress: text({
    flag: 'broadcast-address',
    default: os.hostname(),
    defaultText: "this machine's name",
    group: LISTENING,
    doc: 'address under which clients reach this node',
  }),
  broadcastTcpPort: integer({
    flag: 'broadcast-tcp-port',
    default: 0,
    min: 0,
    max: MAX_PORT,
    group: LISTENING,
    doc: 'TCP port under which clients reach this node; the one it listens on if 0',
  }),
  broadcastHttpPort: integer({
    flag: 'broadcast-http-port',
    default: 0,
    min: 0,
    max: MAX_PORT,
    group: LISTENING,
    doc: 'HTTP port under which clients reach this node; the one it listens on if 0',
  }),
  nodeId: integer({
    flag: 'node-id',
    key: 'id',
    default: defaultNodeId(os.hostname()),
    min: 0,
    max: NODE_ID_LIMIT - 1,
    defaultText: "made from this machine's name",
    group: MESSAGES,
    doc: 'part of every message id; give each node its own',
  }),

  dataPath: text({
    flag: 'data-path',
    default: '',
    group: STORAGE,
    doc: 'folder for topics and channels; the current one if empty. It must exist',
  }),
  ackAfter: choice({
    flag: 'ack-after',
    choices: ['memory', 'write', 'fsync'],
    default: 'write',
    group: STORAGE,
    doc: 'answer OK when a message is in memory, handed to the operating system, or synced to the device',
  }),
  maxBytesPerFile: integer({
    flag: 'max-bytes-per-file',
    default: 100 * MIB,
    min: 1024,
    group: STORAGE,
    doc: 'bytes of a log segment before the next one is begun',
  }),
  syncEvery: integer({
    flag: 'sync-every',
    default: 2_500,
    min: 1,
    group: STORAGE,
    doc: 'messages of a topic after which its log is synced to the device',
  }),
  syncTimeoutMs: duration({
    flag: 'sync-timeout',
    default: 2_000,
    min: 1,
    group: STORAGE,
    doc: 'longest time a written message stays unsynced',
  }),
  tailBytesPerTopic: integer({
    flag: 'tail-bytes-per-topic',
    default: 16 * MIB,
    min: MIB,
    group: STORAGE,
    doc: "bytes of a topic's newest messages kept in memory",
  }),
  tailBytes: integer({
    flag: 'tail-bytes',
    default: 64 * MIB,
    min: 2 * MIB,
    group: STORAGE,
    doc: 'bytes of messages kept in memory by all topics together',
  }),
  maxOpenFiles: integer({
    flag: 'max-open-files',
    default: 512,
    min: 16,
    group: STORAGE,
    doc: 'segment files kept open; the least recently used are closed',
  }),
  memQueueSize: integer({
    flag: 'mem-queue-size',
    default: 10_000,
    min: 0,
    group: STORAGE,
    doc: 'messages an ephemeral topic or channel keeps before it drops the oldest',
  }),

  msgTimeoutMs: duration({
    flag: 'msg-timeout',
    default: 60_000,
    min: 1,
    group: MESSAGES,
    doc: 'requeue a message left unanswered this long, unless the client asks for another time',
  }),
  maxMsgTimeoutMs: duration({
    flag: 'max-msg-timeout',
    default: 900_000,
    min: 1,
    group: MESSAGES,
    doc: 'longest time a message may stay unanswered, touched or not',
  }),
  maxMsgSize: integer({
    flag: 'max-msg-size',
    default: MIB,
    min: 1,
    max: 1024 * MIB,
    group: MESSAGES,
    doc: 'bytes of a single message',
  }),
  maxReqTimeoutMs: duration({
    flag: 'max-req-timeout',
    default: 3_600_000,
    min: 0,
    group: MESSAGES,
    doc: 'longest delay of a requeued or deferred message',
  }),
  maxBodySize: integer({
    flag: 'max-body-size',
    default: 5 * MIB,
    min: 1,
    max: 1024 * MIB,
    group: MESSAGES,
    doc: 'bytes of a single command body',
  }),

  maxHeartbeatIntervalMs: duration({
    flag: 'max-heartbeat-interval',
    default: 60_000,
    min: 1_000,
    group: CLIENTS,
    doc: 'longest heartbeat interval a client may ask for',
  }),
  maxRdyCount: integer({
    flag: 'max-rdy-count',
    default: 2_500,
    min: 1,
    group: CLIENTS,
    doc: 'highest RDY count a client may ask for',
  }),
  maxOutputBufferSize: integer({
    flag: 'max-output-buffer-size',
    default: 65_536,
    min: 64,
    group: CLIENTS,
    doc: 'largest output buffer in bytes a client may ask for',
  }),
  maxOutputBufferTimeoutMs: duration({
    flag: 'max-output-buffer-timeout',
    default: 30_000,
    min: 1,
    group: CLIENTS,
    doc: 'longest time between flushes a client may ask for',
  }),
  minOutputBufferTimeoutMs: duration({
    flag: 'min-output-buffer-timeout',
    default: 25,
    min: 1,
    group: CLIENTS,
    doc: 'shortest time between flushes a client may ask for',
  }),
  outputBufferTimeoutMs: duration({
    flag: 'output-buffer-timeout',
    default: 250,
    min: 1,
    group: CLIENTS,
    doc: 'longest time between flushes; every turn of the event loop flushes, so this is never reached',
  }),
  maxChannelConsumers: integer({
    flag: 'max-channel-consumers',
    default: 0,
    min: 0,
    group: CLIENTS,
    doc: 'consumers a channel may have on this node; 0 for any number',
  }),

  ...topologyOptions,

  ...statisticsOptions,
  ...lookupOptions,
  httpClientConnectTimeoutMs: duration({
    flag: 'http-client-connect-timeout',
    default: 2_000,
    min: 1,
    group: DISCOVERY,
    doc: 'how long connecting to an nsqlookupd or auth server over HTTP may take',
  }),
  httpClientRequestTimeoutMs: duration({
    flag: 'http-client-request-timeout',
    default: 5_000,
    min: 1,
    group: DISCOVERY,
    doc: 'how long an HTTP request to an nsqlookupd or auth server may take in all',
  }),

  authHttpAddresses: textList({
    flag: 'auth-http-address',
    key: 'auth_http_addresses',
    group: AUTH,
    check: (addresses) => {
      const bad = addresses.find((address) => authUrl(address) === undefined)
      return bad === undefined
        ? undefined
        : `must be host:port or a URL, not ${JSON.stringify(bad)}`
    },
    doc: 'ask the auth server at this host:port or URL what a client may do',
  }),
  authHttpRequestMethod: text({
    flag: 'auth-http-request-method',
    default: 'get',
    group: AUTH,
    check: (method) => (method === 'get' || method === 'post' ? undefined : 'must be post or get'),
    doc: 'how an auth server is asked: get or post',
  }),
  ...tlsOptions,

  ...oldOptions,
})

export type NsqdOptions = OptionsOf<typeof nsqdOptions>

/** The node id that nsqd derives from a host name. */
function defaultNodeId(hostname: string): number {
  return crc32(createHash('md5').update(hostname).digest()) % NODE_ID_LIMIT
}

/** Rules across options; each problem is a sentence. */
export function nsqdRules(options: NsqdOptions): string[] {
  const problems: string[] = []
  const { msgTimeoutMs, maxMsgTimeoutMs } = options
  if (msgTimeoutMs > maxMsgTimeoutMs) {
    problems.push(
      `--msg-timeout is ${msgTimeoutMs} ms, longer than --max-msg-timeout with ${maxMsgTimeoutMs} ms`,
    )
  }
  problems.push(...statisticsRules(options), ...lookupRules(options))
  return problems
}
