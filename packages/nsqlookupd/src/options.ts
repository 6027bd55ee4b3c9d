import os from 'node:os'

import {
  defineOptions,
  duration,
  integer,
  logOptions,
  type OptionsOf,
  text,
  tlsOptions,
} from '@tsq/daemon'

const LISTENING = 'Listening'
const LIFETIMES = 'Lifetimes'
const LIMITS = 'Limits'

/** Every option of nsqlookupd: the flag, the key in the configuration file, the check and the help text. */
export const nsqlookupdOptions = defineOptions({
  ...logOptions('nsqlookupd'),

  tcpAddress: text({
    flag: 'tcp-address',
    default: '0.0.0.0:4160',
    group: LISTENING,
    doc: 'listen here for nsqd, with TLS too when there is a certificate: host:port, or the path of a Unix socket',
  }),
  httpAddress: text({
    flag: 'http-address',
    default: '0.0.0.0:4161',
    group: LISTENING,
    doc: 'listen here for HTTP; may be empty when there is HTTPS',
  }),
  httpsAddress: text({
    flag: 'https-address',
    default: '0.0.0.0:4162',
    group: LISTENING,
    doc: 'listen here for HTTPS, when there is a certificate; empty for none',
  }),
  broadcastAddress: text({
    flag: 'broadcast-address',
    default: os.hostname(),
    group: LISTENING,
    doc: 'address under which nsqd reaches the HTTP listener',
  }),
  ...tlsOptions,

  inactiveProducerTimeoutMs: duration({
    flag: 'inactive-producer-timeout',
    default: 300_000,
    min: 0,
    group: LIFETIMES,
    doc: 'hide a nsqd that has not pinged for this long',
  }),
  tombstoneLifetimeMs: duration({
    flag: 'tombstone-lifetime',
    default: 45_000,
    min: 0,
    group: LIFETIMES,
    doc: 'hide a tombstoned nsqd from its topic for this long',
  }),

  maxPeers: integer({
    flag: 'max-peers',
    default: 4_096,
    min: 1,
    group: LIMITS,
    doc: 'TCP connections at a time; more are refused',
  }),
  maxRegistrationsPerPeer: integer({
    flag: 'max-registrations-per-peer',
    default: 100_000,
    min: 1,
    group: LIMITS,
    doc: 'topics and channels one nsqd may be registered under',
  }),
  maxRegistrations: integer({
    flag: 'max-registrations',
    default: 1_000_000,
    min: 1,
    group: LIMITS,
    doc: 'topics, channels, and the nsqd registered under them, all counted together',
  }),
})

export type NsqlookupdOptions = OptionsOf<typeof nsqlookupdOptions>
