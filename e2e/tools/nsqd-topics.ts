// What a test asks nsqd about its topics, over HTTP.

import { until } from '@tsq/testing'

import { NsqdProcess } from '../crash/nsqd-process.ts'

interface ChannelStats {
  readonly channel_name: string
  readonly depth: number
  readonly in_flight_count: number
  readonly deferred_count: number
  readonly requeue_count: number
  readonly clients?: readonly { readonly user_agent: string }[]
}

interface TopicStats {
  readonly topic_name: string
  readonly message_count: number
  readonly depth: number
  readonly channels: readonly ChannelStats[]
}

/** A nsqd of its own, in a folder that is the caller's to remove. */
export class TestNsqd {
  readonly #process: NsqdProcess
  #names = 0

  private constructor(running: NsqdProcess) {
    this.#process = running
  }

  static async start(dataPath: string, flags: readonly string[] = []): Promise<TestNsqd> {
    const running = new NsqdProcess(dataPath, flags)
    await running.listening()
    return new TestNsqd(running)
  }

  get address(): string {
    return `127.0.0.1:${this.#process.tcpPort}`
  }

  get httpAddress(): string {
    return `127.0.0.1:${this.#process.httpPort}`
  }

  async topic(name: string): Promise<TopicStats | undefined> {
    const text = await this.#process.get(`/stats?format=json&topic=${name}`)
    const { topics } = JSON.parse(text) as { topics: readonly TopicStats[] | null }
    return topics?.find(({ topic_name }) => topic_name === name)
  }

  async channel(topic: string, channel: string): Promise<ChannelStats | undefined> {
    const found = await this.topic(topic)
    return found?.channels.find(({ channel_name }) => channel_name === channel)
  }

  /** The name of a topic that there is not yet. */
  freshName(): string {
    this.#names += 1
    return `topic-${this.#names}`
  }

  /** A new topic whose channel has these messages. */
  async newTopic(channel: string, bodies: readonly string[]): Promise<string> {
    const topic = this.freshName()
    await this.makeChannel(topic, channel)
    await this.publish(topic, ...bodies)
    return topic
  }

  async makeChannel(topic: string, channel: string): Promise<void> {
    await this.#process.post(`/topic/create?topic=${topic}`, '')
    await this.#process.post(`/channel/create?topic=${topic}&channel=${channel}`, '')
  }

  async publish(topic: string, ...bodies: readonly string[]): Promise<void> {
    for (const body of bodies) {
      const { status, text } = await this.#process.post(`/pub?topic=${topic}`, body)
      if (status !== 200) throw new Error(`publishing answered ${status} ${text}`)
    }
  }

  /** Waits until a channel has nothing left to deliver or to be answered. */
  async drained(topic: string, channel: string, timeoutMs = 20_000): Promise<void> {
    const isEmpty = async (): Promise<boolean> => {
      const found = await this.topic(topic)
      const stats = found?.channels.find(({ channel_name }) => channel_name === channel)
      if (found === undefined || stats === undefined) return false
      return found.depth + stats.depth + stats.in_flight_count + stats.deferred_count === 0
    }
    await until(`${topic}/${channel} is drained`, isEmpty, { timeoutMs, everyMs: 20 })
  }

  async stop(): Promise<void> {
    await this.#process.end('SIGTERM')
  }
}
