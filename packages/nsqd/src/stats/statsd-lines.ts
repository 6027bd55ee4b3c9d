// The statsd lines of nsqd: <prefix><metric>:<value>|c or |g, in nsqd's order.

import { isEphemeralName } from '@tsq/protocol'

import type { LatencySnapshot } from './latency.ts'
import type { memoryStats } from './memory.ts'
import type { ChannelSnapshot, StatsSnapshot, TopicSnapshot } from './snapshot.ts'

/** Counters by name, as they stood at a push. */
export type CounterValues = ReadonlyMap<string, number>

/** The lines of a push, without their ends. */
export class StatsdLines {
  readonly lines: string[] = []
  /** For the next push. */
  readonly counters = new Map<string, number>()
  readonly #prefix: string
  readonly #previous: CounterValues

  /** @param previous the counters of the push before; those that it lacks are told in full. */
  constructor(prefix: string, previous: CounterValues) {
    this.#prefix = prefix
    this.#previous = previous
  }

  add(stats: StatsSnapshot, { excludeEphemeral }: { readonly excludeEphemeral: boolean }): void {
    for (const topic of stats.topics ?? []) {
      if (excludeEphemeral && isEphemeralName(topic.topic_name)) continue
      this.#addTopic(topic)
      for (const channel of topic.channels) {
        if (excludeEphemeral && isEphemeralName(channel.channel_name)) continue
        this.#addChannel(`topic.${topic.topic_name}.channel.${channel.channel_name}`, channel)
      }
    }
    if (stats.memory !== undefined) this.#addMemory(stats.memory)
  }

  #addTopic(topic: TopicSnapshot): void {
    const name = `topic.${topic.topic_name}`
    this.#counter(`${name}.message_count`, topic.message_count)
    this.#counter(`${name}.message_bytes`, topic.message_bytes)
    this.#gauge(`${name}.depth`, topic.depth)
    this.#gauge(`${name}.backend_depth`, topic.backend_depth)
    this.#latencies(name, topic.e2e_processing_latency)
  }

  #addChannel(name: string, channel: ChannelSnapshot): void {
    this.#counter(`${name}.message_count`, channel.message_count)
    this.#gauge(`${name}.depth`, channel.depth)
    this.#gauge(`${name}.backend_depth`, channel.backend_depth)
    this.#gauge(`${name}.in_flight_count`, channel.in_flight_count)
    this.#gauge(`${name}.deferred_count`, channel.deferred_count)
    this.#counter(`${name}.requeue_count`, channel.requeue_count)
    this.#counter(`${name}.timeout_count`, channel.timeout_count)
    this.#gauge(`${name}.clients`, channel.client_count)
    this.#latencies(name, channel.e2e_processing_latency)
  }

  #addMemory(memory: ReturnType<typeof memoryStats>): void {
    const { gc_total_runs: runs, ...gauges } = memory
    for (const [name, value] of Object.entries(gauges)) this.#gauge(`mem.${name}`, value)
    this.#counter('mem.gc_runs', runs)
  }

  #latencies(name: string, { percentiles }: LatencySnapshot): void {
    for (const { quantile, value } of percentiles ?? []) {
      this.#gauge(`${name}.e2e_processing_latency_${roundToEven(quantile * 100)}`, value)
    }
  }

  #counter(name: string, value: number): void {
    const before = this.#previous.get(name) ?? 0
    this.counters.set(name, value)
    // Smaller than before: the topic or channel was deleted and made anew.
    this.#line(name, value < before ? value : value - before, 'c')
  }

  #gauge(name: string, value: number): void {
    this.#line(name, value, 'g')
  }

  #line(name: string, value: number, type: 'c' | 'g'): void {
    this.lines.push(`${this.#prefix}${name}:${value}|${type}`)
  }
}

/** The lines, each with its end, in packets of at most so many bytes; a longer line is a packet of its own. */
export function packLines(lines: readonly string[], packetBytes: number): Buffer[] {
  const packets: Buffer[] = []
  let text = ''
  // Names are ASCII; a prefix need not be.
  for (const line of lines) {
    const longer = `${text}${line}\n`
    if (text !== '' && Buffer.byteLength(longer) > packetBytes) {
      packets.push(Buffer.from(text))
      text = `${line}\n`
    } else {
      text = longer
    }
  }
  if (text !== '') packets.push(Buffer.from(text))
  return packets
}

/** The prefix with its `%s` filled in and a dot at its end; none where it is empty. */
export function expandPrefix(prefix: string, hostKey: string): string {
  const expanded = prefix.replaceAll('%s', hostKey.replaceAll(/[.:]/g, '_'))
  return expanded === '' || expanded.endsWith('.') ? expanded : `${expanded}.`
}

/** As Go prints a number without its fraction. */
function roundToEven(value: number): number {
  const rounded = Math.round(value)
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded
}
