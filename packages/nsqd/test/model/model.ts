// What a topic and its channels are to be, as plainly as it can be said: maps of messages, without a log.

import assert from 'node:assert/strict'

import type { AnswerOutcome, ChannelStats } from '../../src/channel.ts'

export interface ModelMessage {
  /** Its place among all that were published, from 1 on: also its sequence number. */
  readonly number: number
  state: 'waiting' | 'deferred' | 'in flight'
  /** Never delivered and not deferred: such come in order. */
  isFresh: boolean
  attempts: number
  due: number
  owner: number
  deliveredAt: number
  deadline: number
}

export interface ModelSettings {
  readonly ackAfter: 'memory' | 'write' | 'fsync'
  readonly maxMsgTimeoutMs: number
  readonly memQueueSize: number
}

export class ModelChannel {
  readonly name: string
  readonly isEphemeral: boolean
  isPaused = false
  /** All that is owed. What is finished or dropped is gone. */
  readonly messages = new Map<number, ModelMessage>()
  newestFresh = 0
  messageCount = 0
  requeueCount = 0
  timeoutCount = 0
  droppedCount = 0

  constructor(name: string) {
    this.name = name
    this.isEphemeral = name.endsWith('#ephemeral')
  }

  count(state: ModelMessage['state']): number {
    let count = 0
    for (const message of this.messages.values()) if (message.state === state) count += 1
    return count
  }

  heldBy(owner: number): ModelMessage[] {
    return [...this.messages.values()].filter(
      (message) => message.state === 'in flight' && message.owner === owner,
    )
  }

  /** A subscriber got this message. */
  delivered(number: number, attempts: number, owner: number, now: number, timeout: number): void {
    const message = this.messages.get(number)
    assert.ok(message !== undefined, `${number} was delivered, which ${this.name} does not owe`)
    assert.equal(message.state, 'waiting', `${number} was delivered while ${message.state}`)
    assert.equal(attempts, message.attempts + 1, `attempts of ${number}`)
    if (message.isFresh) {
      assert.ok(number > this.newestFresh, `${number} came after ${this.newestFresh}`)
      this.newestFresh = number
    }
    message.isFresh = false
    message.state = 'in flight'
    message.attempts = attempts
    message.owner = owner
    message.deliveredAt = now
    message.deadline = now + timeout
  }

  /** What an answer of `owner` must be told. */
  outcomeFor(number: number, owner: number): AnswerOutcome {
    const message = this.messages.get(number)
    if (message?.state !== 'in flight') return 'not in flight'
    return message.owner === owner ? 'done' : 'not owned'
  }

  tick(now: number): void {
    for (const message of this.messages.values()) {
      if (message.state === 'in flight' && message.deadline <= now) {
        message.state = 'waiting'
        this.timeoutCount += 1
      } else if (message.state === 'deferred' && message.due <= now) {
        message.state = 'waiting'
      }
    }
  }

  left(owner: number): void {
    for (const message of this.heldBy(owner)) message.state = 'waiting'
  }

  empty(): void {
    this.droppedCount += this.messages.size
    this.messages.clear()
  }

  reopen(now: number): void {
    for (const message of this.messages.values()) {
      if (message.state === 'in flight') message.state = 'waiting'
      if (message.state === 'deferred' && message.due <= now) message.state = 'waiting'
    }
    this.messageCount = 0
    this.requeueCount = 0
    this.timeoutCount = 0
    this.droppedCount = 0
  }

  assertStats(stats: ChannelStats): void {
    // Where the consumers are is not the model's business.
    const { backendDepth, globalCount, zoneLocalCount, regionLocalCount, ...counts } = stats
    assert.equal(zoneLocalCount + regionLocalCount, 0)
    assert.ok(globalCount >= 0)
    assert.ok(backendDepth <= stats.depth)
    assert.deepEqual(
      counts,
      {
        depth: this.count('waiting'),
        inFlightCount: this.count('in flight'),
        deferredCount: this.count('deferred'),
        messageCount: this.messageCount,
        requeueCount: this.requeueCount,
        timeoutCount: this.timeoutCount,
        droppedCount: this.droppedCount,
      },
      `stats of ${this.name}`,
    )
  }
}

interface Published {
  readonly number: number
  /** 0 where it is not deferred. */
  readonly due: number
}

export class Model {
  readonly settings: ModelSettings
  readonly channels = new Map<string, ModelChannel>()
  now = 0
  published = 0
  isPaused = false
  /** Not committed yet. */
  #pending: Published[] = []
  /** Committed while the topic was paused. */
  #held: Published[] = []
  /** What the channels were given. */
  readonly #released: number[] = []

  constructor(settings: ModelSettings) {
    this.settings = settings
  }

  get heldCount(): number {
    return this.#held.length
  }

  publish(delayMs: number): number {
    this.published += 1
    this.#pending.push({ number: this.published, due: delayMs > 0 ? this.now + delayMs : 0 })
    return this.published
  }

  commit(): void {
    if (this.isPaused) this.#held.push(...this.#pending)
    else this.#release(this.#pending)
    this.#pending = []
  }

  #release(all: readonly Published[]): void {
    for (const { number, due } of all) {
      for (const channel of this.channels.values()) {
        channel.messageCount += 1
        channel.messages.set(number, {
          number,
          state: due > 0 ? 'deferred' : 'waiting',
          isFresh: due === 0,
          attempts: 0,
          due,
          owner: 0,
          deliveredAt: 0,
          deadline: 0,
        })
      }
      this.#released.push(number)
    }
  }

  setPaused(isPaused: boolean): void {
    this.isPaused = isPaused
    if (isPaused) return
    this.#release(this.#held)
    this.#held = []
  }

  empty(): void {
    this.#held = []
  }

  channel(name: string): ModelChannel {
    let channel = this.channels.get(name)
    if (channel === undefined) {
      channel = new ModelChannel(name)
      this.channels.set(name, channel)
    }
    return channel
  }

  /** An ephemeral channel keeps the newest of what it never delivered. */
  dropLag(): void {
    const oldest = this.#released.at(-this.settings.memQueueSize) ?? 0
    for (const channel of this.channels.values()) {
      if (!channel.isEphemeral) continue
      for (const { number, isFresh } of channel.messages.values()) {
        if (!isFresh || number >= oldest) continue
        channel.messages.delete(number)
        channel.droppedCount += 1
      }
    }
  }

  reopen(): void {
    for (const channel of this.channels.values()) {
      if (channel.isEphemeral) this.channels.delete(channel.name)
      else channel.reopen(this.now)
    }
  }
}
