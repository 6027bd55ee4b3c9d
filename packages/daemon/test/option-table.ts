// A table with one option of each kind, for the tests of this folder.

import {
  boolean,
  choice,
  custom,
  defineOptions,
  duration,
  float,
  floatList,
  integer,
  logOptions,
  OptionValueError,
  text,
  textList,
} from '../src/index.ts'

type TlsRequired = 'false' | 'tcp-https' | 'true'

function parseTlsRequired(value: string): TlsRequired {
  if (value === 'tcp-https' || value === 'true' || value === 'false') return value
  throw new OptionValueError(`${value} is neither true, false nor tcp-https`)
}

export const options = defineOptions({
  ...logOptions('nsqd'),
  msgTimeoutMs: duration({
    flag: 'msg-timeout',
    default: 60_000,
    min: 1,
    group: 'Messages',
    doc: 'requeue a message left unanswered this long',
  }),
  memQueueSize: integer({
    flag: 'mem-queue-size',
    default: 10_000,
    min: 0,
    group: 'Messages',
    doc: 'd',
  }),
  maxDeflateLevel: integer({ flag: 'max-deflate-level', default: 6, min: 1, max: 9, doc: 'd' }),
  sample: float({ flag: 'sample', default: 1, min: 0, max: 1, doc: 'd' }),
  dataPath: text({ flag: 'data-path', default: '', doc: 'd' }),
  method: text({
    flag: 'auth-http-request-method',
    default: 'get',
    doc: 'd',
    check: (value) => (['get', 'post'].includes(value) ? undefined : 'must be post or get'),
  }),
  deflate: boolean({ flag: 'deflate', default: true, doc: 'd' }),
  lookupdTcpAddresses: textList({
    flag: 'lookupd-tcp-address',
    key: 'nsqlookupd_tcp_addresses',
    doc: 'd',
  }),
  percentiles: floatList({ flag: 'percentile', key: 'percentiles', doc: 'd' }),
  ackAfter: choice({
    flag: 'ack-after',
    choices: ['memory', 'write', 'fsync'],
    default: 'write',
    doc: 'd',
  }),
  tlsRequired: custom<TlsRequired>({
    flag: 'tls-required',
    default: 'false',
    isBooleanFlag: true,
    parse: parseTlsRequired,
    format: String,
    accepts: (value): value is TlsRequired =>
      value === 'true' || value === 'false' || value === 'tcp-https',
    doc: 'd',
  }),
  nodeId: integer({
    flag: 'node-id',
    key: 'id',
    default: 7,
    defaultText: 'from the host name',
    doc: 'd',
  }),
})
