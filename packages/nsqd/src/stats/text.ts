import { formatGoDuration } from '@tsq/daemon'

import { latencyText } from './latency.ts'
import type { ChannelSnapshot, ClientSnapshot, StatsSnapshot, TopicSnapshot } from './snapshot.ts'

/** `/stats` for people, laid out as nsqd does. */
export function statsText(
  stats: StatsSnapshot,
  versionText: string,
  started: Date,
  nowMs: number,
): string {
  const lines = [
    versionText,
    `start_time ${rfc3339(started)}`,
    `uptime ${formatGoDuration(nowMs - started.getTime())}`,
    '',
    `Health: ${stats.health}`,
  ]
  if (stats.memory !== undefined) {
    lines.push('', 'Memory:')
    for (const [name, value] of Object.entries(stats.memory)) {
      lines.push(`   ${name.padEnd(25)}\t${value}`)
    }
  }
  const topics = stats.topics ?? []
  lines.push('', topics.length === 0 ? 'Topics: None' : 'Topics:')
  for (const [i, topic] of topics.entries()) {
    if (i > 0) lines.push('')
    lines.push(topicLine(topic))
    for (const channel of topic.channels) {
      lines.push(channelLine(channel))
      for (const client of channel.clients ?? []) lines.push(clientLine(client, '        ', nowMs))
    }
  }
  const producers = stats.producers ?? []
  lines.push('', producers.length === 0 ? 'Producers: None' : 'Producers:')
  for (const producer of producers) lines.push(clientLine(producer, '   ', nowMs))
  return `${lines.join('\n')}\n`
}

function topicLine(topic: TopicSnapshot): string {
  const prefix = topic.paused ? '*P ' : '   '
  return [
    `${prefix}[${topic.topic_name.padEnd(15)}]`,
    `depth: ${pad(topic.depth, 5)}`,
    `be-depth: ${pad(topic.backend_depth, 5)}`,
    `msgs: ${pad(topic.message_count, 8)}`,
    `e2e%: ${latencyText(topic.e2e_processing_latency)}`,
  ].join(' ')
}

function channelLine(channel: ChannelSnapshot): string {
  const prefix = channel.paused ? '   *P ' : '      '
  return [
    `${prefix}[${channel.channel_name.padEnd(25)}]`,
    `depth: ${pad(channel.depth, 5)}`,
    `be-depth: ${pad(channel.backend_depth, 5)}`,
    `inflt: ${pad(channel.in_flight_count, 4)}`,
    `def: ${pad(channel.deferred_count, 4)}`,
    `re-q: ${pad(channel.requeue_count, 5)}`,
    `timeout: ${pad(channel.timeout_count, 5)}`,
    `msgs: ${pad(channel.message_count, 8)}`,
    `e2e%: ${latencyText(channel.e2e_processing_latency)}`,
  ].join(' ')
}

function clientLine(client: ClientSnapshot, indent: string, nowMs: number): string {
  const port = client.remote_address.slice(client.remote_address.lastIndexOf(':') + 1)
  const who = `${client.hostname}:${port} ${client.user_agent}`.padEnd(21)
  const connected = `connected: ${formatGoDuration(
    Math.max(0, Math.floor(nowMs / 1000) - client.connect_ts) * 1000,
  )}`
  const published = client.pub_counts
  if (published !== undefined) {
    const total = published.reduce((sum, { count }) => sum + count, 0)
    const topics = published.map(({ topic, count }) => `${topic}=${count}`).join(',')
    return `${indent}[V2 ${who}] msgs: ${pad(total, 8)} topics: ${topics} ${connected}`
  }
  return [
    `${indent}[V2 ${who}]`,
    `state: ${client.state}`,
    `inflt: ${pad(client.in_flight_count, 4)}`,
    `rdy: ${pad(client.ready_count, 4)}`,
    `fin: ${pad(client.finish_count, 8)}`,
    `re-q: ${pad(client.requeue_count, 8)}`,
    `msgs: ${pad(client.message_count, 8)}`,
    connected,
  ].join(' ')
}

function pad(value: number, width: number): string {
  return String(value).padEnd(width)
}

/** Local time as RFC 3339 with whole seconds. */
function rfc3339(date: Date): string {
  const offset = -date.getTimezoneOffset()
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19)
  if (offset === 0) return `${local}Z`
  return `${local}${offset < 0 ? '-' : '+'}${twoDigits(offset / 60)}:${twoDigits(offset % 60)}`
}

function twoDigits(value: number): string {
  return String(Math.floor(Math.abs(value))).padStart(2, '0')
}
