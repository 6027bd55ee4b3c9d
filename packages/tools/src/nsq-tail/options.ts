import {
  boolean,
  custom,
  defineOptions,
  integer,
  type OptionsOf,
  text,
  textList,
} from '@tsq/daemon'

import { addressProblem, sourceOptions } from '../common/sources.ts'
import { parseSince, type Since } from './since.ts'

export const nsqTailOptions = defineOptions({
  topics: textList({ flag: 'topic', doc: 'topic to print' }),
  channel: text({
    flag: 'channel',
    default: '',
    doc: 'channel to consume; one that goes with the command, tail123456#ephemeral, unless given',
  }),
  count: integer({
    flag: 'n',
    default: 0,
    min: 0,
    doc: 'end after so many messages of one topic; 0 for never',
  }),
  isTopicShown: boolean({
    flag: 'print-topic',
    default: false,
    doc: 'begin each line with the name of its topic',
  }),
  isPretty: boolean({
    flag: 'pretty-json',
    default: false,
    doc: 'indent messages that are JSON, and colour them on a terminal; numbers and texts stay as they are',
  }),
  since: custom<Since | undefined>({
    flag: 'since',
    default: undefined,
    typeName: 'time',
    doc: 'begin this long ago (10m) or at this time (2026-01-31T07:00:00Z); for nsqd that offer replay, which none does yet',
    parse: parseSince,
    format: (since) => since?.text ?? '',
    accepts: (value): value is Since | undefined =>
      value === undefined || (typeof value === 'object' && value !== null),
  }),
  ...sourceOptions('most messages of a topic in hand at once; never more than -n'),
})

export type NsqTailOptions = OptionsOf<typeof nsqTailOptions>

/** What is wrong, the first thing alone, in NSQ's words and order. */
export function nsqTailProblem(values: NsqTailOptions): string | undefined {
  const address = addressProblem(values.nsqdTcpAddresses, values.lookupdHttpAddresses)
  if (address !== undefined) return address
  return values.topics.length === 0 ? '--topic required' : undefined
}
