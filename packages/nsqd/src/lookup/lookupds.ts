import type { SecureContextOptions } from 'node:tls'

import type { HttpClient, Logger } from '@tsq/daemon'

import type { Clock } from '../clock.ts'
import type { LogChannel } from '../log-channel.ts'
import type { LogTopic } from '../log-topic.ts'
import type { TopicWatcher } from '../topics.ts'
import { askForChannels } from './channel-query.ts'
import { type Endpoint, Endpoints, type Resolve, systemResolve } from './endpoints.ts'
import { LookupdPeer } from './lookupd-peer.ts'

/** What is done for one new topic is bounded, whatever an nsqlookupd answers. */
const MAX_CHANNELS = 1_000

export interface LookupdsOptions {
  readonly addresses: readonly string[]
  readonly clock: Clock
  readonly logger: Logger
  readonly client: HttpClient
  /** How long a new topic waits for its channels at most. */
  readonly requestTimeoutMs: number
  /** Connects with TLS; plainly if undefined. */
  readonly tls?: SecureContextOptions | undefined
  readonly resolve?: Resolve
  /** The body of IDENTIFY. */
  identity(): object
  topics(): readonly LogTopic[]
}

/**
 * The nsqlookupd side of an nsqd. Each nsqlookupd has its connection and its pace: one that is slow or away delays
 * nothing but what is sent to itself.
 */
export class Lookupds implements TopicWatcher {
  readonly #options: LookupdsOptions
  readonly #peers = new Map<string, LookupdPeer>()
  readonly #closing = new AbortController()
  readonly #endpoints: Endpoints
  #isStarted = false

  constructor(options: LookupdsOptions) {
    this.#options = options
    this.#endpoints = new Endpoints({
      clock: options.clock,
      logger: options.logger,
      resolve: options.resolve ?? systemResolve,
      onChange: (endpoints) => this.#setEndpoints(endpoints),
    })
    this.addresses = options.addresses
  }

  /** Connects. */
  start(): void {
    this.#isStarted = true
    for (const peer of this.#peers.values()) peer.start()
    this.#endpoints.start()
  }

  get addresses(): readonly string[] {
    return this.#endpoints.addresses
  }

  /** `host:port` each. Connections to those no longer among them are closed. */
  set addresses(addresses: readonly string[]) {
    this.#endpoints.addresses = addresses
  }

  #setEndpoints(endpoints: readonly Endpoint[]): void {
    const wanted = new Set(endpoints.map(({ address }) => address))
    for (const [address, peer] of this.#peers) {
      if (wanted.has(address)) continue
      this.#peers.delete(address)
      peer.close()
    }
    const { clock, logger, tls } = this.#options
    const identity = (): object => this.#options.identity()
    const registrations = (): string[] => this.#registrations()
    for (const endpoint of endpoints) {
      if (this.#peers.has(endpoint.address)) continue
      const peer = new LookupdPeer(endpoint, { clock, logger, identity, registrations, tls })
      this.#peers.set(endpoint.address, peer)
      if (this.#isStarted) peer.start()
    }
  }

  close(): void {
    this.#closing.abort(new Error('nsqd stops'))
    this.#endpoints.close()
    for (const peer of this.#peers.values()) peer.close()
    this.#peers.clear()
  }

  // ---- What happens to topics -----------------------------------------------------------------------------------

  topicCreated(topic: LogTopic): void {
    this.#announce(`REGISTER ${topic.name}`)
    if (this.addresses.length === 0 || this.#closing.signal.aborted) return
    this.#createChannels(topic).catch((error: unknown) => {
      topic.note('error', `channels of other nodes not made - ${(error as Error).message}`)
    })
  }

  /** Its channels first: an nsqlookupd warns of a topic that goes before them. */
  topicDeleted(topic: LogTopic): void {
    for (const name of topic.channels.keys()) this.#announce(`UNREGISTER ${topic.name} ${name}`)
    this.#announce(`UNREGISTER ${topic.name}`)
  }

  channelCreated(topic: LogTopic, channel: LogChannel): void {
    this.#announce(`REGISTER ${topic.name} ${channel.name}`)
  }

  channelDeleted(topic: LogTopic, channel: LogChannel): void {
    this.#announce(`UNREGISTER ${topic.name} ${channel.name}`)
  }

  #announce(command: string): void {
    for (const peer of this.#peers.values()) peer.announce(command)
  }

  #registrations(): string[] {
    return this.#options.topics().flatMap((topic) => {
      const channels = [...topic.channels.keys()]
      if (channels.length === 0) return [`REGISTER ${topic.name}`]
      return channels.map((name) => `REGISTER ${topic.name} ${name}`)
    })
  }

  // ---- Channels that other nodes have ---------------------------------------------------------------------------

  /**
   * Gives a new topic the channels it has elsewhere, so that they get its messages before a consumer comes here. Until
   * that is done the topic holds its messages, and all channels begin with the first.
   */
  async #createChannels(topic: LogTopic): Promise<void> {
    topic.hold()
    const late = AbortSignal.timeout(Math.ceil(this.#options.requestTimeoutMs))
    const signal = AbortSignal.any([late, this.#closing.signal])
    try {
      // Right after the start names may not have been looked up.
      await Promise.race([this.#endpoints.found, aborted(signal)])
      const peers = [...this.#peers.values()]
      await Promise.all(peers.map((peer) => this.#createChannelsKnownTo(peer, topic, signal)))
      if (peers.every((peer) => peer.info === undefined)) {
        topic.note('error', 'no nsqlookupd has answered yet, so it starts without channels')
      }
    } finally {
      topic.letGo()
    }
  }

  async #createChannelsKnownTo(
    peer: LookupdPeer,
    topic: LogTopic,
    signal: AbortSignal,
  ): Promise<void> {
    // A topic made right after the start must not miss its channels because the peer is just being connected.
    await Promise.race([peer.tried, aborted(signal)])
    if (peer.info === undefined || peer.info.broadcastAddress === '') return
    try {
      const { client, tls } = this.#options
      const wantsTls = tls !== undefined
      const names = await askForChannels(client, peer.info, wantsTls, topic.name, signal)
      for (const name of names) {
        if (topic.isExiting) return
        if (topic.channels.size < MAX_CHANNELS) topic.channel(name)
      }
    } catch (error) {
      const reason = (error as Error).message
      topic.note('warn', `channels known to nsqlookupd ${peer.address} not found out - ${reason}`)
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
