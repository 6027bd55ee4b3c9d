// What may differ between two runs of the same nsqlookupd is taken out: ports, times, order. And the one difference
// that scripts run into all the time: NSQ's keeps ephemeral names whose last nsqd went away.

import type { Outcome } from './lookupd-runner.ts'
import type { HttpAnswer } from './lookupd-process.ts'

/** What the peer at an address is called. */
export type Naming = (address: string) => string

interface Producer {
  readonly remote_address: string
  readonly topics?: readonly string[]
  readonly tombstones?: readonly boolean[]
}

interface Entry {
  readonly id: string
  readonly last_update: number
  readonly tombstoned: boolean
  readonly tombstoned_at: number
}

export function maskAnswer(exchange: {
  readonly method: string
  readonly target: string
  readonly answer: HttpAnswer
  /** The keys of `/debug`, thus what somebody is registered under. */
  readonly carried: ReadonlySet<string> | undefined
  readonly naming: Naming
}): Outcome {
  const { method, target, answer, carried, naming } = exchange
  const { status, body, contentType, nsqHeader, allow, location } = answer
  const topic = /[?&]topic=([^&;]*)/.exec(target)?.[1] ?? ''
  const topicName = /%(?![0-9a-f]{2})/i.test(topic) ? topic : decodeURIComponent(topic)
  const isGone = (channel?: string): boolean => isLeftOver(carried, topicName, channel)
  const path = target.split('?')[0] ?? ''
  const masked = { status, contentType, nsqHeader, allow, location }

  if (method === 'POST' && path === '/channel/delete' && (status === 200 || status === 404)) {
    // Nobody can have been registered there if the one has it and the other has not: /debug would tell.
    if (/ephemeral/.test(target)) return { answer: 'deleted or not found', leftOver: [] }
  }
  if (method !== 'GET' || status !== 200 || contentType?.startsWith('application/json') !== true) {
    if (path === '/lookup' && status === 404 && isGone()) {
      return { answer: 'left over or not found', leftOver: [] }
    }
    return { answer: { ...masked, body }, leftOver: [] }
  }
  if (path === '/debug') return { answer: maskDebug(body, naming), leftOver: [] }

  const parsed: {
    topics?: string[]
    channels?: string[]
    producers?: Producer[]
  } = JSON.parse(body)
  if (path === '/lookup' && isGone()) {
    return { answer: 'left over or not found', leftOver: [topicName] }
  }
  const leftTopics = (parsed.topics ?? []).filter((name) => isLeftOver(carried, name))
  const leftChannels = (parsed.channels ?? []).filter((name) => isGone(name))
  const shown = {
    keys: Object.keys(parsed),
    topics: parsed.topics?.filter((name) => !leftTopics.includes(name)).toSorted(),
    channels: parsed.channels?.filter((name) => !leftChannels.includes(name)).toSorted(),
    producers: parsed.producers
      ?.map((producer) => maskProducer(producer, naming))
      .toSorted((a, b) => (a.remote_address < b.remote_address ? -1 : 1)),
  }
  return {
    answer: { ...masked, ...shown, other: shown.keys.length === 1 && path === '/info' ? body : '' },
    leftOver: [...leftTopics, ...leftChannels],
  }
}

/** `/debug` without times, in the order of its keys; what was never tombstoned shows a meaningless time. */
export function maskDebug(body: string, naming: Naming): Record<string, unknown> {
  const keys: Record<string, Entry[]> = JSON.parse(body)
  const masked = Object.entries(keys).map(([key, entries]): [string, unknown[]] => [
    key,
    entries
      .map((entry) => ({
        ...withoutTopology(entry),
        id: naming(entry.id),
        last_update: isRecent(entry.last_update),
        tombstoned_at: entry.tombstoned && isRecent(entry.tombstoned_at),
      }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  ])
  return Object.fromEntries(masked.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function maskProducer(producer: Producer, naming: Naming): Producer {
  const { topics = [], tombstones = [] } = producer
  const pairs = topics.map((name, n) => `${name} ${tombstones[n]}`)
  return {
    ...withoutTopology(producer),
    remote_address: naming(producer.remote_address),
    ...(producer.topics === undefined ? {} : { topics: pairs.toSorted(), tombstones: [] }),
  }
}

/** NSQ has the fields since the commits after 1.3.0; the module that is built here hasn't. */
function withoutTopology<T extends object>(value: T): T {
  return { ...value, topology_zone: undefined, topology_region: undefined }
}

/** Whether nanoseconds of Unix time lie within the last minute. */
function isRecent(ns: number): boolean {
  const agoMs = Date.now() - ns / 1e6
  return agoMs > -1_000 && agoMs < 60_000
}

/** Whether a name is ephemeral, or belongs to an ephemeral topic, and nobody is registered there. */
function isLeftOver(
  carried: ReadonlySet<string> | undefined,
  topic: string,
  channel?: string,
): boolean {
  if (carried === undefined) return false
  const isEphemeral = topic.endsWith('#ephemeral') || channel?.endsWith('#ephemeral') === true
  const key = channel === undefined ? `topic:${topic}:` : `channel:${topic}:${channel}`
  return isEphemeral && !carried.has(key)
}
