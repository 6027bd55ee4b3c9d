import type { Registry } from 'prom-client'

import type { ChannelStats } from '../../channel.ts'
import type { Histogram } from '../../histogram.ts'
import type { LogChannel } from '../../log-channel.ts'
import type { LogTopic } from '../../log-topic.ts'
import type { TopicStats } from '../../topic.ts'
import { BoundedReadings, type Reading } from './bounded.ts'
import { counter, gauge, histogram, type Sample } from './registry.ts'

/** A metric of every topic or channel: its name, what it is, and how it is read. */
type Figure<T, S> = readonly [name: string, help: string, read: (stats: S, item: T) => number]

const topicGauges: readonly Figure<LogTopic, TopicStats>[] = [
  ['nsqd_topic_depth', 'messages that no channel has been given', (stats) => stats.depth],
  [
    'nsqd_topic_backend_depth',
    'those of them that are on disk only',
    (stats) => stats.backendDepth,
  ],
  ['nsqd_topic_paused', '1 while paused', (_, topic) => Number(topic.isPaused)],
  ['nsqd_topic_channels', 'channels', (_, topic) => topic.channels.size],
  ['nsqd_topic_segments', 'files of the log', (_, topic) => topic.log.segmentCount],
  ['nsqd_topic_disk_bytes', 'bytes of the log on disk', (_, topic) => topic.log.diskBytes],
  [
    'nsqd_topic_tail_bytes',
    'bytes of memory that hold the newest messages',
    (_, topic) => topic.log.tailBytes,
  ],
]

const topicCounters: readonly Figure<LogTopic, TopicStats>[] = [
  ['nsqd_topic_messages_total', 'messages published', (stats) => stats.messageCount],
  ['nsqd_topic_message_bytes_total', 'bytes of their bodies', (stats) => stats.messageBytes],
]

const channelGauges: readonly Figure<LogChannel, ChannelStats>[] = [
  ['nsqd_channel_depth', 'messages that wait for delivery', (stats) => stats.depth],
  [
    'nsqd_channel_backend_depth',
    'those of them that are on disk only',
    (stats) => stats.backendDepth,
  ],
  ['nsqd_channel_in_flight', 'messages delivered, unanswered', (stats) => stats.inFlightCount],
  [
    'nsqd_channel_deferred',
    'messages that wait for their due time',
    (stats) => stats.deferredCount,
  ],
  ['nsqd_channel_clients', 'consumers', (_, channel) => channel.subscribers.length],
  ['nsqd_channel_paused', '1 while paused', (_, channel) => Number(channel.isPaused)],
]

const channelCounters: readonly Figure<LogChannel, ChannelStats>[] = [
  ['nsqd_channel_messages_total', 'messages given to the channel', (stats) => stats.messageCount],
  ['nsqd_channel_requeues_total', 'messages requeued by consumers', (stats) => stats.requeueCount],
  ['nsqd_channel_timeouts_total', 'deliveries that timed out', (stats) => stats.timeoutCount],
  [
    'nsqd_channel_dropped_total',
    'messages dropped: channel emptied, sampled away, or past the limit of an ephemeral one',
    (stats) => stats.droppedCount,
  ],
]

/** The figures of topics and channels, as they were when last read. */
export class TopicMetrics {
  readonly #topics: BoundedReadings<LogTopic>
  readonly #channels: BoundedReadings<LogChannel>
  /** A channel does not know its topic. */
  readonly #topicOf = new WeakMap<LogChannel, string>()
  #topicReadings: readonly Reading<LogTopic>[] = []
  #channelReadings: readonly Reading<LogChannel>[] = []

  /** @param hasLatencies whether channels keep end-to-end latencies. */
  constructor(registry: Registry, limit: number, hasLatencies: boolean) {
    this.#topics = new BoundedReadings(limit, {
      labels: (topic) => [topic.name],
      gauges: (topic) => readAll(topicGauges, topic),
      counters: (topic) => readAll(topicCounters, topic),
    })
    this.#channels = new BoundedReadings(limit, {
      labels: (channel) => [this.#topicOf.get(channel) ?? '', channel.name],
      gauges: (channel) => readAll(channelGauges, channel),
      counters: (channel) => readAll(channelCounters, channel),
    })
    const ofTopics = { labelNames: ['topic'] }
    for (const [i, [name, help]] of topicGauges.entries()) {
      const read = (): Sample[] => samples(this.#topicReadings, ({ gauges }) => gauges[i]!)
      gauge(registry, { name, help, ...ofTopics, read })
    }
    for (const [i, [name, help]] of topicCounters.entries()) {
      const read = (): Sample[] => samples(this.#topicReadings, ({ counters }) => counters[i]!)
      counter(registry, { name, help, ...ofTopics, read })
    }
    const ofChannels = { labelNames: ['topic', 'channel'] }
    for (const [i, [name, help]] of channelGauges.entries()) {
      const read = (): Sample[] => samples(this.#channelReadings, ({ gauges }) => gauges[i]!)
      gauge(registry, { name, help, ...ofChannels, read })
    }
    for (const [i, [name, help]] of channelCounters.entries()) {
      const read = (): Sample[] => samples(this.#channelReadings, ({ counters }) => counters[i]!)
      counter(registry, { name, help, ...ofChannels, read })
    }
    if (!hasLatencies) return
    histogram(registry, {
      name: 'nsqd_channel_e2e_latency_seconds',
      help: 'time from publish to FIN',
      ...ofChannels,
      read: () => this.#latencies(),
    })
  }

  /** Reads every topic and channel, once for all metrics. */
  refresh(topics: readonly LogTopic[]): void {
    const channels: LogChannel[] = []
    for (const topic of topics) {
      for (const channel of topic.channels.values()) {
        this.#topicOf.set(channel, topic.name)
        channels.push(channel)
      }
    }
    this.#topicReadings = this.#topics.read(topics)
    this.#channelReadings = this.#channels.read(channels)
  }

  #latencies(): Sample<Histogram>[] {
    const found: Sample<Histogram>[] = []
    for (const { labels, item } of this.#channelReadings) {
      const total = item?.latency?.total()
      if (total !== undefined && total.count > 0) found.push([labels, total])
    }
    return found
  }
}

function readAll<T extends { stats(): S }, S>(
  figures: readonly Figure<T, S>[],
  item: T,
): readonly number[] {
  const stats = item.stats()
  return figures.map(([, , read]) => read(stats, item))
}

function samples<T>(
  readings: readonly Reading<T>[],
  value: (reading: Reading<T>) => number,
): Sample[] {
  return readings.map((reading) => [reading.labels, value(reading)])
}
