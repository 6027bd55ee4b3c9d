import { defineOptions, integer, type OptionsOf, text, textList } from '@tsq/daemon'
import { parseTopicName } from '@tsq/protocol'

import { clientOptions } from '../common/client-options.ts'

const DESTINATION = 'Destination'
const INPUT = 'Input'

/** Every flag of to_nsq. */
export const toNsqOptions = defineOptions({
  topic: text({ flag: 'topic', default: '', group: DESTINATION, doc: 'topic to publish to' }),
  nsqdTcpAddresses: textList({
    flag: 'nsqd-tcp-address',
    group: DESTINATION,
    doc: 'nsqd to publish to, host:port; every record goes to each of them',
  }),
  producerOpt: clientOptions({
    flag: 'producer-opt',
    group: DESTINATION,
    doc: 'option of the producers, key,value; see the list of client options',
  }),
  delimiter: text({
    flag: 'delimiter',
    default: '\n',
    group: INPUT,
    doc: "the one byte that ends a record; the shell writes special ones, $'\\t' for a tab",
  }),
  rate: integer({
    flag: 'rate',
    default: 0,
    group: INPUT,
    doc: 'most records a second, 0 for no limit',
  }),
})

export type ToNsqOptions = OptionsOf<typeof toNsqOptions>

/** The first thing that is wrong with the options, in the order NSQ looks at them. */
export function toNsqProblem(options: ToNsqOptions): string | undefined {
  if (options.topic === '') return '--topic required'
  if (Buffer.byteLength(options.delimiter) !== 1) return '--delimiter must be a single byte'
  if (options.nsqdTcpAddresses.length === 0) return '--nsqd-tcp-address required'
  // nsqd reads a name up to its first space: `a b` would land in `a`.
  return parseTopicName(options.topic) === undefined ? '--topic is invalid' : undefined
}
