import {
  boolean,
  custom,
  defineOptions,
  duration,
  OptionValueError,
  type OptionsOf,
  text,
  textList,
} from '@tsq/daemon'

import { addressProblem } from '../common/sources.ts'

const MOST_ROWS = 0x7fff_ffff

export const nsqStatOptions = defineOptions({
  topic: text({ flag: 'topic', default: '', doc: 'topic to look at' }),
  channel: text({ flag: 'channel', default: '', doc: 'channel to look at' }),
  nsqdHttpAddresses: textList({
    flag: 'nsqd-http-address',
    doc: 'HTTP address of a nsqd, host:port',
  }),
  lookupdHttpAddresses: textList({
    flag: 'lookupd-http-address',
    doc: 'HTTP address of a nsqlookupd to ask which nsqd have the topic, host:port',
  }),
  intervalMs: duration({ flag: 'interval', default: 2_000, doc: 'time between two looks' }),
  count: custom<number | undefined>({
    flag: 'count',
    default: undefined,
    typeName: 'int',
    doc: 'end after so many rows; never unless given',
    parse: parseCount,
    format: (count) => (count === undefined ? '' : String(count)),
    accepts: (value): value is number | undefined =>
      value === undefined || typeof value === 'number',
  }),
  isJson: boolean({
    flag: 'json',
    default: false,
    doc: 'print each row as a line of JSON, with the figures of every nsqd',
  }),
  connectTimeoutMs: duration({
    flag: 'http-client-connect-timeout',
    default: 2_000,
    doc: 'longest wait for a connection',
  }),
  requestTimeoutMs: duration({
    flag: 'http-client-request-timeout',
    default: 5_000,
    doc: 'longest wait for an answer',
  }),
})

export type NsqStatOptions = OptionsOf<typeof nsqStatOptions>

/** What is wrong, the first thing alone, in NSQ's words and order. */
export function nsqStatProblem(values: NsqStatOptions): string | undefined {
  const { nsqdHttpAddresses, lookupdHttpAddresses, count } = values
  if (values.topic === '' || values.channel === '') return '--topic and --channel are required'
  if (values.intervalMs <= 0) return '--interval should be positive'
  if (values.connectTimeoutMs <= 0) return '--http-client-connect-timeout should be positive'
  if (values.requestTimeoutMs <= 0) return '--http-client-request-timeout should be positive'
  if (count !== undefined && count <= 0) return '--count should be positive'
  const address = addressProblem(nsqdHttpAddresses, lookupdHttpAddresses, '--nsqd-http-address')
  if (address !== undefined) return address
  const scheme = 'error - address should not contain scheme'
  if (nsqdHttpAddresses.some(hasScheme)) return `--nsqd-http-address ${scheme}`
  if (lookupdHttpAddresses.some(hasScheme)) return `--lookupd-http-address ${scheme}`
  return undefined
}

function hasScheme(address: string): boolean {
  return address.startsWith('http')
}

/** Decimal only. */
function parseCount(given: string): number {
  if (!/^[+-]?\d+$/.test(given)) throw new OptionValueError('parse error')
  const count = Number(given)
  if (Math.abs(count) > MOST_ROWS) throw new OptionValueError('value out of range')
  return count
}
