import { parseChannelName, parseTopicName } from '@tsq/protocol'
import { defineOptions, integer, type OptionsOf, text, textList } from '@tsq/daemon'

import { clientOptions } from '../common/client-options.ts'
import { addressProblem, sourceOptions } from '../common/sources.ts'

const DESTINATION = 'Destination'
const FILTER = 'Filter'

export const nsqToNsqOptions = defineOptions({
  topics: textList({ flag: 'topic', doc: 'topic to consume' }),
  channel: text({ flag: 'channel', default: 'nsq_to_nsq', doc: 'channel to consume' }),
  ...sourceOptions('most messages of a topic in hand at once'),
  destinationTopic: text({
    flag: 'destination-topic',
    default: '',
    group: DESTINATION,
    doc: 'topic to publish to, instead of one with the name of the source',
  }),
  destinations: textList({
    flag: 'destination-nsqd-tcp-address',
    group: DESTINATION,
    doc: 'nsqd to publish to, host:port',
  }),
  mode: text({
    flag: 'mode',
    default: 'hostpool',
    group: DESTINATION,
    doc: 'which of several nsqd gets a message: hostpool, round-robin or epsilon-greedy',
  }),
  retries: integer({
    flag: 'retries',
    default: 0,
    min: 0,
    max: 1_000,
    group: DESTINATION,
    doc: 'how often a message that no destination took is tried again here, after 250ms and then twice as long each time up to 10s, before it goes back to its nsqd',
  }),
  producerOpt: clientOptions({
    flag: 'producer-opt',
    group: DESTINATION,
    doc: 'option of the producers, key,value; see the list of client options',
  }),
  statusEvery: integer({
    flag: 'status-every',
    default: 250,
    min: 0,
    max: 10_000_000,
    doc: 'log how long publishes took, every so many of them; 0 for never',
  }),
  requireField: text({
    flag: 'require-json-field',
    default: '',
    group: FILTER,
    doc: 'pass on only JSON objects with this field',
  }),
  requireValue: text({
    flag: 'require-json-value',
    default: '',
    group: FILTER,
    doc: 'and this value, a text or a number, in it',
  }),
  whitelist: textList({
    flag: 'whitelist-json-field',
    group: FILTER,
    doc: 'pass on only this field of JSON objects',
  }),
})

export type NsqToNsqOptions = OptionsOf<typeof nsqToNsqOptions>

/** What is wrong, the first thing alone, in NSQ's words and order. */
export function nsqToNsqProblem(values: NsqToNsqOptions): string | undefined {
  const { topics, channel, destinationTopic, destinations } = values
  if (topics.length === 0 || channel === '') return '--topic and --channel are required'
  if (topics.some(isNoTopic)) return '--topic is invalid'
  if (destinationTopic !== '' && isNoTopic(destinationTopic))
    return '--destination-topic is invalid'
  if (parseChannelName(channel) === undefined) return '--channel is invalid'
  const address = addressProblem(values.nsqdTcpAddresses, values.lookupdHttpAddresses)
  if (address !== undefined) return address
  if (destinations.length === 0) return '--destination-nsqd-tcp-address required'
  return undefined
}

function isNoTopic(name: string): boolean {
  return parseTopicName(name) === undefined
}
