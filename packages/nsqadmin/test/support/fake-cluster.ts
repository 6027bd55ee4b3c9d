// A cluster as big as one likes, in one process: nsqlookupd and nsqd that answer what nsqadmin asks, with figures that
// grow from one question to the next. For tests, for the bench, and to look at the page with:
//   node packages/nsqadmin/dist/test/support/fake-cluster-main.js --nodes=81 --clients=592 --topics=2000

import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeClusterOptions {
  readonly nodes: number
  /** On each node, spread over its channels. */
  readonly clientsPerNode: number
  /** In the whole cluster. */
  readonly topics: number
  /** How many nodes carry each topic. */
  readonly nodesPerTopic: number
  readonly channelsPerTopic: number
}

export const SMALL: FakeClusterOptions = {
  nodes: 3,
  clientsPerNode: 4,
  topics: 5,
  nodesPerTopic: 2,
  channelsPerTopic: 2,
}

/** What an operator of a big cluster has (nsqio/nsq #1325). */
export const BIG: FakeClusterOptions = {
  nodes: 81,
  clientsPerNode: 592,
  topics: 2_000,
  nodesPerTopic: 4,
  channelsPerTopic: 2,
}

/** How a node behaves that doesn't behave. */
export type Mood = 'well' | 'silent' | 'nonsense' | 'huge' | 'refusing'

interface FakeNode {
  readonly index: number
  readonly server: Server
  readonly port: number
  readonly topics: readonly string[]
  mood: Mood
  startTime: number
}

export class FakeCluster implements AsyncDisposable {
  readonly options: FakeClusterOptions
  /** What was asked of all nodes together, by path. */
  readonly asked = new Map<string, number>()
  /** Topics that no node has any more. */
  leftOver: readonly string[] = []
  /** What every node answers to `/peek`. */
  peeked: object = { messages: [], complete: true }
  readonly #nodes: FakeNode[] = []
  #lookupd: Server | undefined
  #lookupdPort = 0
  #round = 0

  static async start(options: FakeClusterOptions = SMALL): Promise<FakeCluster> {
    const cluster = new FakeCluster(options)
    await cluster.#begin()
    return cluster
  }

  private constructor(options: FakeClusterOptions) {
    this.options = options
  }

  get lookupdAddress(): string {
    return `127.0.0.1:${this.#lookupdPort}`
  }

  get nodeAddresses(): string[] {
    return this.#nodes.map(({ port }) => `127.0.0.1:${port}`)
  }

  /** Changes how a node behaves from now on. */
  setMood(index: number, mood: Mood): void {
    this.#nodes[index]!.mood = mood
  }

  /** As if a node had been started anew: its counters begin at zero. */
  restart(index: number): void {
    this.#nodes[index]!.startTime += 1
  }

  /** Lets counters grow. */
  goOn(): void {
    this.#round += 1
  }

  async close(): Promise<void> {
    const servers = [this.#lookupd, ...this.#nodes.map(({ server }) => server)]
    await Promise.all(
      servers.map(async (server) => {
        if (server === undefined) return
        server.closeAllConnections()
        server.close()
        await once(server, 'close')
      }),
    )
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #begin(): Promise<void> {
    const { nodes, topics, nodesPerTopic } = this.options
    for (let index = 0; index < nodes; index++) {
      const own: string[] = []
      for (let topic = 0; topic < topics; topic++) {
        if ((index - topic + nodes * topics) % nodes < nodesPerTopic) own.push(topicName(topic))
      }
      const server = createServer((request, response) =>
        this.#answerAsNode(this.#nodes[index]!, request.url ?? '', response),
      )
      // oxlint-disable-next-line no-await-in-loop -- one after the other is fast enough
      const port = await listening(server)
      this.#nodes.push({ index, server, port, topics: own, mood: 'well', startTime: 1 })
    }
    this.#lookupd = createServer((request, response) =>
      this.#answerAsLookupd(request.url ?? '', response),
    )
    this.#lookupdPort = await listening(this.#lookupd)
  }

  #answerAsLookupd(target: string, response: ServerResponse): void {
    const url = new URL(target, 'http://x')
    const topic = url.searchParams.get('topic')
    const names = Array.from({ length: this.options.topics }, (_, i) => topicName(i))
    switch (url.pathname) {
      case '/topics':
        send(response, { topics: [...names, ...this.leftOver] })
        break
      case '/nodes':
        send(response, { producers: this.#nodes.map((node) => producer(node, true)) })
        break
      case '/lookup': {
        const found = this.#nodes.filter(({ topics }) => topics.includes(topic ?? ''))
        const isKnown = found.length > 0 || this.leftOver.includes(topic ?? '')
        if (!isKnown) send(response, { message: 'TOPIC_NOT_FOUND' }, 404)
        else send(response, { channels: [], producers: found.map((node) => producer(node, false)) })
        break
      }
      default:
        send(response, {})
    }
  }

  #answerAsNode(node: FakeNode, target: string, response: ServerResponse): void {
    const url = new URL(target, 'http://x')
    this.asked.set(url.pathname, (this.asked.get(url.pathname) ?? 0) + 1)
    switch (node.mood) {
      case 'silent':
        return
      case 'refusing':
        response.destroy()
        return
      case 'nonsense':
        send(response, { topics: [{ topic_name: 7 }] })
        return
      case 'huge':
        pourOut(response)
        return
      case 'well':
    }
    if (url.pathname === '/peek') {
      send(response, this.peeked)
      return
    }
    if (url.pathname !== '/stats') {
      send(response, url.pathname === '/info' ? producer(node, false) : {})
      return
    }
    const params = url.searchParams
    send(
      response,
      this.stats(node.index, {
        topic: params.get('topic'),
        channel: params.get('channel'),
        clients: params.get('include_clients') !== 'false',
      }),
    )
  }

  /** What a node says of itself. */
  stats(
    index: number,
    filter: {
      readonly topic?: string | null
      readonly channel?: string | null
      readonly clients?: boolean
    } = {},
  ): object {
    const node = this.#nodes[index]!
    const { channelsPerTopic, clientsPerNode } = this.options
    const channelsHere = Math.max(1, node.topics.length * channelsPerTopic)
    const clientsPerChannel = Math.ceil(clientsPerNode / channelsHere)
    let left = clientsPerNode
    const topics = node.topics.flatMap((name, t) => {
      if (filter.topic && filter.topic !== name) return []
      const published = (this.#round + 1) * 100 + t
      const channels = Array.from({ length: channelsPerTopic }, (_, c) => {
        const clients = Math.min(clientsPerChannel, left)
        left -= clients
        return {
          channel_name: `channel-${c}`,
          depth: (t * 7 + c) % 100,
          backend_depth: 0,
          in_flight_count: clients,
          deferred_count: t % 3,
          message_count: published,
          requeue_count: this.#round,
          timeout_count: 0,
          client_count: clients,
          clients: filter.clients === true ? makeClients(index, t, c, clients) : null,
          paused: false,
          e2e_processing_latency: { count: 0, percentiles: null },
        }
      }).filter((channel) => !filter.channel || filter.channel === channel.channel_name)
      return [
        {
          topic_name: name,
          channels,
          depth: 0,
          backend_depth: 0,
          message_count: published,
          message_bytes: published * 200,
          paused: false,
          e2e_processing_latency: { count: 0, percentiles: null },
        },
      ]
    })
    return { version: '1.3.0', health: 'OK', start_time: node.startTime, topics, producers: null }
  }
}

export function topicName(index: number): string {
  return `service-${index % 50}.events-${index}`
}

function producer({ index, port, topics }: FakeNode, withTopics: boolean): object {
  return {
    remote_address: `127.0.0.1:${20_000 + index}`,
    hostname: `host-${String(index).padStart(3, '0')}`,
    broadcast_address: '127.0.0.1',
    tcp_port: port - 1,
    http_port: port,
    version: '1.3.0',
    ...(withTopics ? { topics, tombstones: topics.map(() => false) } : {}),
  }
}

function makeClients(node: number, topic: number, channel: number, count: number): object[] {
  return Array.from({ length: count }, (_, i) => ({
    client_id: `consumer-${i}`,
    hostname: `consumer-${node}-${i}.example.com`,
    version: 'V2',
    remote_address: `10.${node}.${topic % 256}.${i % 256}:${30_000 + channel}`,
    state: 3,
    ready_count: 10,
    in_flight_count: 1,
    message_count: 1_000 + i,
    finish_count: 990 + i,
    requeue_count: 0,
    connect_ts: 1_700_000_000,
    sample_rate: 0,
    deflate: false,
    snappy: true,
    user_agent: 'go-nsq/1.1.0',
    tls: false,
    tls_cipher_suite: '',
    tls_version: '',
    tls_negotiated_protocol: '',
    tls_negotiated_protocol_is_mutual: false,
  }))
}

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

function send(response: ServerResponse, json: object, status = 200): void {
  const body = JSON.stringify(json)
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
  })
  response.end(body)
}

/** Never comes to an end by itself. */
function pourOut(response: ServerResponse): void {
  const megabyte = Buffer.alloc(1024 * 1024, ' ')
  const pour = (): void => {
    while (!response.destroyed && response.write(megabyte));
  }
  response.on('drain', pour)
  pour()
}
