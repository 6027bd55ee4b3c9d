import assert from 'node:assert/strict'

const SENT = 1
const ACKED = 2
/** Two clocks, both cut to milliseconds, and the time from one process to the other. */
const CLOCK_SLACK_MS = 3
const FIRST_CAPACITY = 1 << 14

/** What one channel did with each message. */
class ChannelLedger {
  readonly name: string
  delivered = new Uint8Array(FIRST_CAPACITY)
  /** Finished, and known to be so by a checkpoint: it never comes back. */
  gone = new Uint8Array(FIRST_CAPACITY)
  /** When this life of nsqd had surely seen the FIN, by message. */
  readonly finishedAt = new Map<number, number>()
  deliveries = 0

  constructor(name: string) {
    this.name = name
  }
}

/**
 * What was published, answered, delivered and finished over all lives of an nsqd. Messages are numbers, which stand at
 * the front of their bodies. Checks each delivery as it comes, and at the end that nothing is missing.
 */
export class Ledger {
  readonly #channels: Map<string, ChannelLedger>
  #state = new Uint8Array(FIRST_CAPACITY)
  #dueMs = new Float64Array(FIRST_CAPACITY)
  readonly #numberOfId = new Map<string, number>()
  readonly #idOfNumber: string[] = []
  #count = 0
  #acked = 0
  /** What went wrong first. */
  failure: Error | undefined

  constructor(channels: readonly string[]) {
    this.#channels = new Map(channels.map((name) => [name, new ChannelLedger(name)]))
  }

  get published(): number {
    return this.#count
  }

  get acknowledged(): number {
    return this.#acked
  }

  get deliveries(): number {
    let deliveries = 0
    for (const channel of this.#channels.values()) deliveries += channel.deliveries
    return deliveries
  }

  /** Takes note of a message about to be sent; returns its number. */
  send(delayMs: number): number {
    const number = this.#count++
    if (number === this.#state.length) this.#grow()
    this.#state[number] = SENT
    this.#dueMs[number] = delayMs > 0 ? Date.now() + delayMs : 0
    return number
  }

  ack(number: number): void {
    this.#state[number] = ACKED
    this.#acked += 1
  }

  deliver(channelName: string, id: string, body: string): void {
    const now = Date.now()
    const channel = this.#channels.get(channelName)!
    const number = Number.parseInt(body, 10)
    const where = `message ${number} (id ${id}) on ${channelName}`
    channel.deliveries += 1
    this.#check(this.#state[number] !== 0 && number < this.#count, `${where} was never sent`)
    this.#check(channel.gone[number] === 0, `${where} came back after it was finished for good`)
    const early = this.#dueMs[number]! - now
    this.#check(early <= CLOCK_SLACK_MS, `${where} came ${early} ms early`)
    const other = this.#numberOfId.get(id)
    this.#check(other === undefined || other === number, `${where} has the id of ${other}`)
    const ownId = this.#idOfNumber[number]
    this.#check(ownId === undefined || ownId === id, `${where} had the id ${ownId}`)
    this.#numberOfId.set(id, number)
    this.#idOfNumber[number] = id
    channel.delivered[number] = 1
    // Delivered again: it isn't finished, whatever was believed.
    channel.finishedAt.delete(number)
  }

  /** nsqd has taken the FIN. */
  finish(channelName: string, number: number): void {
    this.#channels.get(channelName)!.finishedAt.set(number, performance.now())
  }

  /** This life of nsqd ends: what it finished longer than `marginMs` ago is finished for good. */
  endLife(marginMs: number): void {
    const before = performance.now() - marginMs
    for (const channel of this.#channels.values()) {
      for (const [number, at] of channel.finishedAt) if (at <= before) channel.gone[number] = 1
      channel.finishedAt.clear()
    }
  }

  /** Acknowledged messages that the channel has never delivered, from number `from` on. */
  missing(channelName: string, from = 0): number[] {
    const { delivered } = this.#channels.get(channelName)!
    const missing: number[] = []
    for (let number = from; number < this.#count; number++) {
      if (this.#state[number] === ACKED && delivered[number] === 0) missing.push(number)
    }
    return missing
  }

  #check(isRight: boolean, text: string): void {
    if (!isRight) this.failure ??= new assert.AssertionError({ message: text })
  }

  #grow(): void {
    this.#state = grown(this.#state)
    const due = new Float64Array(this.#dueMs.length * 2)
    due.set(this.#dueMs)
    this.#dueMs = due
    for (const channel of this.#channels.values()) {
      channel.delivered = grown(channel.delivered)
      channel.gone = grown(channel.gone)
    }
  }
}

function grown(cells: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(cells.length * 2)
  larger.set(cells)
  return larger
}
