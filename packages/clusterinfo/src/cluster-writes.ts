// What changes the cluster. Each server is told, and what came of it there is told back.

import type { ClusterInfo } from './cluster-info.ts'
import { type Answer, gather } from './gather.ts'
import { compareText, httpAddressOf, type NodeInfo } from './node-info.ts'
import type { Params } from './api.ts'
import { linesOf, SourceError, type UpstreamKind } from './upstream-error.ts'

/** What became of a write at one server. */
export interface NodeResult {
  /** `host:port` of a nsqd or nsqlookupd. */
  readonly node: string
  readonly kind: UpstreamKind
  readonly ok: boolean
  readonly error?: string
}

export type TopicAction = 'pause' | 'unpause' | 'empty'

/** Creates a topic, or a channel of it. @throws {UpstreamError} when no server could be asked for the nodes. */
export async function create(
  cluster: ClusterInfo,
  topic: string,
  channel?: string,
): Promise<Answer<NodeResult[]>> {
  const steps = new Steps()
  await steps.tell(cluster, 'nsqlookupd', cluster.lookupds, '/topic/create', { topic })
  if (!cluster.hasLookupds) {
    // Without nsqlookupd nobody would remember the name, so it is made where it will live.
    await steps.tell(cluster, 'nsqd', cluster.nsqds, '/topic/create', { topic })
  }
  if (channel === undefined) return steps.answer
  const params = { topic, channel }
  await steps.tell(cluster, 'nsqlookupd', cluster.lookupds, '/channel/create', params)
  const nodes = steps.noting(await cluster.topicNodes(topic))
  await steps.tell(cluster, 'nsqd', addressesOf(nodes), '/channel/create', params)
  return steps.answer
}

/** Pauses, unpauses or empties a topic, or a channel of it, on every node that has it. @throws {UpstreamError} */
export async function act(
  cluster: ClusterInfo,
  action: TopicAction,
  topic: string,
  channel?: string,
): Promise<Answer<NodeResult[]>> {
  const steps = new Steps()
  const nodes = addressesOf(steps.noting(await cluster.topicNodes(topic)))
  const [path, params] = target(action, topic, channel)
  await steps.tell(cluster, 'nsqd', nodes, path, params)
  return steps.answer
}

/** Deletes a topic, or a channel of it, everywhere. @throws {UpstreamError} */
export async function remove(
  cluster: ClusterInfo,
  topic: string,
  channel?: string,
): Promise<Answer<NodeResult[]>> {
  const steps = new Steps()
  // First, because nsqlookupd will have forgotten them.
  const nodes = addressesOf(steps.noting(await cluster.topicNodes(topic)))
  const [path, params] = target('delete', topic, channel)
  await steps.tell(cluster, 'nsqlookupd', cluster.lookupds, path, params)
  await steps.tell(cluster, 'nsqd', nodes, path, params)
  return steps.answer
}

/**
 * Hides a node from the consumers of a topic, then deletes the topic there.
 *
 * @param node `broadcast_address:http_port`
 */
export async function tombstone(
  cluster: ClusterInfo,
  node: string,
  topic: string,
): Promise<Answer<NodeResult[]>> {
  const steps = new Steps()
  const { lookupds } = cluster
  await steps.tell(cluster, 'nsqlookupd', lookupds, '/topic/tombstone', { topic, node })
  await steps.tell(cluster, 'nsqd', [node], '/topic/delete', { topic })
  return steps.answer
}

function target(verb: string, topic: string, channel: string | undefined): [string, Params] {
  return channel === undefined
    ? [`/topic/${verb}`, { topic }]
    : [`/channel/${verb}`, { topic, channel }]
}

function addressesOf(nodes: readonly NodeInfo[]): string[] {
  return nodes.map(httpAddressOf).toSorted(compareText)
}

/** What became of the steps of one write. */
class Steps {
  readonly #results: NodeResult[] = []
  readonly #warnings: string[] = []

  get answer(): Answer<NodeResult[]> {
    return { value: this.#results, warnings: this.#warnings }
  }

  noting<T>({ value, warnings }: Answer<T>): T {
    this.#warnings.push(...warnings)
    return value
  }

  /** Sends a write to each server. None that fails keeps the others from being told. */
  async tell(
    cluster: ClusterInfo,
    kind: UpstreamKind,
    addresses: readonly string[],
    path: string,
    params: Params,
  ): Promise<void> {
    const failures = new Map<string, SourceError>()
    await gather(addresses, async (address) => {
      try {
        await cluster.api.post(address, path, params)
      } catch (error) {
        if (!(error instanceof SourceError)) throw error
        failures.set(address, error)
      }
    })
    for (const node of addresses) {
      const failure = failures.get(node)
      const outcome = failure === undefined ? { ok: true } : { ok: false, error: failure.message }
      this.#results.push({ node, kind, ...outcome })
    }
    const errors = addresses.flatMap((address) => failures.get(address) ?? [])
    if (errors.length > 0) this.#warnings.push(linesOf(errors))
  }
}
