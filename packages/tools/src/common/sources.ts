// Where messages come from: the flags every consuming tool has.

import { integer, textList } from '@tsq/daemon'
import type { OptionsOf } from '@tsq/daemon'

import { clientOptions } from './client-options.ts'

const GROUP = 'Source'

/** The flags of a tool that consumes; spread them into its table. */
export function sourceOptions(maxInFlightDoc = 'most messages in hand at once') {
  return {
    nsqdTcpAddresses: textList({
      flag: 'nsqd-tcp-address',
      group: GROUP,
      doc: 'nsqd to consume from, host:port',
    }),
    lookupdHttpAddresses: textList({
      flag: 'lookupd-http-address',
      group: GROUP,
      doc: 'nsqlookupd to ask which nsqd have the topic, host:port or URL',
    }),
    maxInFlight: integer({
      flag: 'max-in-flight',
      default: 200,
      group: GROUP,
      doc: maxInFlightDoc,
    }),
    consumerOpt: clientOptions({
      flag: 'consumer-opt',
      group: GROUP,
      doc: 'option of the consumer, key,value; see the list of client options',
    }),
  }
}

/** The rows of {@link sourceOptions}, and what they come to. */
export type SourceTable = ReturnType<typeof sourceOptions>
export type SourceOptions = OptionsOf<SourceTable>

/** What is wrong with the addresses: one of the two kinds is needed, and not both. */
export function addressProblem(
  direct: readonly string[],
  lookupds: readonly string[],
  directFlag = '--nsqd-tcp-address',
): string | undefined {
  if (direct.length === 0 && lookupds.length === 0) {
    return `${directFlag} or --lookupd-http-address required`
  }
  if (direct.length > 0 && lookupds.length > 0) {
    return `use ${directFlag} or --lookupd-http-address not both`
  }
  return undefined
}
