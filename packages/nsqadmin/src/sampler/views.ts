// The last sample, as the page is told of it.

import type { Overview, Rates, TopicSummaries, TopicSummary, Warning } from '../api.ts'
import { Figures } from './figures.ts'
import type { Sampler } from './sampler.ts'
import type { TopicState } from './cluster-state.ts'

const TOP_TOPICS = 10
const MAX_WARNINGS = 50
const MAX_LONELY_CHANNELS = 20

export function topicSummaries(sampler: Sampler): TopicSummaries {
  const { state, sampledAt } = sampler
  // Those that nobody carries just now are topics too.
  const names = new Set([...state.topics.keys(), ...sampler.registeredTopics])
  const topics = [...names].toSorted().map((name) => {
    const topic = state.topics.get(name)
    return topic === undefined ? summary(name, NOTHING, []) : summaryOf(topic)
  })
  return { topics, sampled_at: sampledAt, message: messageOf(sampler) }
}

export function overview(sampler: Sampler): Overview {
  const { state, sampledAt, problems } = sampler
  const { figures } = state
  const topics = [...state.topics.values()]
  const top = topics.toSorted(
    (a, b) => b.shown.depth - a.shown.depth || b.shown.publish - a.shown.publish,
  )
  return {
    depth: figures.depth,
    in_flight_count: figures.inFlight,
    deferred_count: figures.deferred,
    message_count: figures.messages,
    topic_count: new Set([...state.topics.keys(), ...sampler.registeredTopics]).size,
    channel_count: figures.channels,
    client_count: figures.clients,
    node_count: sampler.nodes.length,
    rates: ratesOf(figures),
    top_topics: top.slice(0, TOP_TOPICS).map(summaryOf),
    problems,
    warnings: warnings(sampler),
    sampled_at: sampledAt,
    message: messageOf(sampler),
  }
}

function summaryOf(topic: TopicState): TopicSummary {
  return summary(topic.name, topic.shown, topic.spark.values)
}

function summary(topic: string, figures: Figures, spark: readonly number[]): TopicSummary {
  return {
    topic,
    depth: figures.depth,
    backend_depth: figures.backendDepth,
    in_flight_count: figures.inFlight,
    deferred_count: figures.deferred,
    message_count: figures.messages,
    channel_count: figures.channels,
    client_count: figures.clients,
    node_count: figures.nodes,
    paused: figures.isPaused,
    rates: ratesOf(figures),
    spark,
  }
}

const NOTHING = new Figures()

function ratesOf({ publish, deliver, finish, requeue, timeout }: Figures): Rates {
  return {
    publish: rounded(publish),
    deliver: rounded(deliver),
    finish: rounded(finish),
    requeue: rounded(requeue),
    timeout: rounded(timeout),
  }
}

function rounded(rate: number): number {
  return Math.round(rate * 100) / 100
}

function messageOf({ problems, sampledAt }: Sampler): string {
  if (sampledAt === 0) return 'WARNING: the cluster was not sampled yet'
  return problems.length === 0 ? '' : `WARNING: ${problems.map(({ error }) => error).join('\n')}`
}

/** What an operator should look at. */
function warnings(sampler: Sampler): Warning[] {
  const found: Warning[] = []
  for (const { node, kind, error } of sampler.problems) {
    const link = kind === 'nsqd' ? { link: `/nodes/${encodeURIComponent(node)}` } : {}
    found.push({ level: 'error', text: `${kind} ${node} can't be read: ${error}`, ...link })
  }
  found.push(...nodeWarnings(sampler), ...queueWarnings(sampler))
  return found.slice(0, MAX_WARNINGS)
}

function nodeWarnings({ nodes }: Sampler): Warning[] {
  return nodes
    .filter(({ info }) => info.out_of_date)
    .map(({ info, address }) => ({
      level: 'warning',
      text: `nsqd ${address} runs ${info.version}, others a newer version`,
      link: `/nodes/${encodeURIComponent(address)}`,
    }))
}

function queueWarnings({ state }: Sampler): Warning[] {
  const paused: Warning[] = []
  const lonely: { readonly depth: number; readonly warning: Warning }[] = []
  for (const topic of state.topics.values()) {
    const link = `/topics/${encodeURIComponent(topic.name)}`
    if (topic.shown.isPaused) {
      paused.push({ level: 'warning', text: `topic ${topic.name} is paused`, link })
    }
    for (const { name, shown } of topic.channels.values()) {
      const where = { link: `${link}/${encodeURIComponent(name)}` }
      if (shown.isPaused) {
        const text = `channel ${name} of ${topic.name} is paused`
        paused.push({ level: 'warning', text, ...where })
      }
      if (shown.depth === 0 || shown.clients > 0 || shown.isPaused) continue
      const text = `channel ${name} of ${topic.name} has ${shown.depth} messages and no consumer`
      lonely.push({ depth: shown.depth, warning: { level: 'warning', text, ...where } })
    }
  }
  const shown = lonely.toSorted((a, b) => b.depth - a.depth).slice(0, MAX_LONELY_CHANNELS)
  const more: Warning[] =
    lonely.length > shown.length
      ? [
          {
            level: 'warning',
            text: `${lonely.length - shown.length} more channels have messages and no consumer`,
          },
        ]
      : []
  return [...shown.map(({ warning }) => warning), ...more, ...paused]
}
