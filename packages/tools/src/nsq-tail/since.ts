// `--since`: asks every nsqd that has a topic whether it can replay. None that is released can.

import { ClusterInfo, httpAddressOf, type Json, listIn, numberIn, textIn } from '@tsq/clusterinfo'
import { OptionValueError, parseGoDuration } from '@tsq/daemon'

import { FatalError } from '../common/fatal-error.ts'
import type { SourceOptions } from '../common/sources.ts'

/** What `/info` lists among its `features` where a nsqd can replay. */
const FEATURE = 'replay'

export interface Since {
  /** As it was given. */
  readonly text: string
  readonly at: Date
}

/** Reads a span before `now`, such as `1h30m`, or a date and time. @throws {OptionValueError} */
export function parseSince(text: string, now = Date.now()): Since {
  const agoMs = parseGoDuration(text)
  const at = new Date(agoMs === undefined ? text : now - agoMs)
  const isTime = agoMs !== undefined || /^\d{4}-\d\d-\d\d/.test(text)
  if (!isTime || Number.isNaN(at.getTime())) {
    throw new OptionValueError('must be a duration such as 10m, or a time such as 2026-01-31T07:00')
  }
  return { text, at }
}

/** @throws {FatalError} when a nsqd that has one of the topics can't replay, or can't be asked. */
export async function requireReplay(
  source: Pick<SourceOptions, 'nsqdTcpAddresses' | 'lookupdHttpAddresses'>,
  topics: readonly string[],
): Promise<never> {
  const lookups = source.lookupdHttpAddresses.map((text) => text.replace(/^https?:\/\//, ''))
  const cluster = new ClusterInfo({ lookupds: lookups })
  try {
    for (const address of source.nsqdTcpAddresses) await checkDirect(cluster, address)
    for (const topic of cluster.hasLookupds ? topics : []) {
      const { value: nodes } = await cluster.topicNodes(topic)
      for (const node of nodes) await checkInfo(cluster, httpAddressOf(node))
    }
  } catch (error) {
    if (error instanceof FatalError) throw error
    throw new FatalError(`--since: ${(error as Error).message}`, { cause: error })
  } finally {
    cluster.close()
  }
  throw new FatalError('--since: these nsqd offer replay, but this nsq_tail can not ask for it yet')
}

/** A nsqd listens for HTTP one port above its TCP port unless told otherwise; its own answer says whether it is the one. */
async function checkDirect(cluster: ClusterInfo, address: string): Promise<void> {
  const colon = address.lastIndexOf(':')
  const port = Number(address.slice(colon + 1))
  const http = `${address.slice(0, colon)}:${port + 1}`
  const hint = `give --lookupd-http-address instead of ${address}, so that its HTTP address is known`
  let tcpPort: number
  try {
    tcpPort = await cluster.api.get(http, '/info', {}, (info) => numberIn(info, 'tcp_port'))
  } catch (error) {
    throw new FatalError(`--since: ${(error as Error).message}; ${hint}`, { cause: error })
  }
  if (tcpPort !== port) throw new FatalError(`--since: ${http} is another nsqd; ${hint}`)
  await checkInfo(cluster, http)
}

async function checkInfo(cluster: ClusterInfo, http: string): Promise<void> {
  const { version, canReplay } = await cluster.api.get(http, '/info', {}, (info: Json) => ({
    version: textIn(info, 'version'),
    canReplay: listIn(info, 'features').includes(FEATURE),
  }))
  if (canReplay) return
  throw new FatalError(`nsqd ${http} (${version}) does not offer replay, which --since needs`)
}
