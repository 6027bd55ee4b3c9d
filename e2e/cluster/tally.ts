/** One delivery, as its consumer saw it. */
export interface Delivery {
  readonly body: string
  readonly attempts: number
  readonly atMs: number
  /** Kept in hand instead of finished. */
  readonly isHeld: boolean
}

/**
 * What was acknowledged, and what each consumer got. Bodies are `<node>:<number>`, so that each says where it was
 * published.
 */
export class Tally {
  readonly acked = new Set<string>()
  /** By consumer, in the order they came. */
  readonly deliveries = new Map<string, Delivery[]>()
  /** By channel. */
  readonly #delivered = new Map<string, Set<string>>()

  ack(body: string): void {
    this.acked.add(body)
  }

  deliver(channel: string, consumer: string, delivery: Delivery): void {
    let delivered = this.#delivered.get(channel)
    if (delivered === undefined) this.#delivered.set(channel, (delivered = new Set()))
    delivered.add(delivery.body)
    let own = this.deliveries.get(consumer)
    if (own === undefined) this.deliveries.set(consumer, (own = []))
    own.push(delivery)
  }

  /** Acknowledged messages a channel has never delivered. */
  missing(channel: string): string[] {
    const delivered = this.#delivered.get(channel)
    return [...this.acked].filter((body) => delivered?.has(body) !== true)
  }

  has(channel: string, body: string): boolean {
    return this.#delivered.get(channel)?.has(body) === true
  }

  /** The bodies a consumer got at or after a moment of `Date.now()`. */
  since(consumer: string, atMs: number): Delivery[] {
    return (this.deliveries.get(consumer) ?? []).filter((delivery) => delivery.atMs >= atMs)
  }
}
