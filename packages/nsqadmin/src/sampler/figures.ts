/** What is known of a topic, channel, node or the cluster at one time. Rates are per second. */
export class Figures {
  depth = 0
  backendDepth = 0
  inFlight = 0
  deferred = 0
  messages = 0
  channels = 0
  clients = 0
  nodes = 0
  isPaused = false
  publish = 0
  deliver = 0
  finish = 0
  requeue = 0
  timeout = 0
  /** Mean of the nodes by quantile, in nanoseconds; empty where nsqd doesn't measure. */
  latency: ReadonlyMap<number, number> = NO_LATENCY

  /** Adds what happens in a part of it; depths are for the owner to add up. */
  addTraffic(part: Figures): void {
    this.inFlight += part.inFlight
    this.deferred += part.deferred
    this.clients += part.clients
    this.deliver += part.deliver
    this.finish += part.finish
    this.requeue += part.requeue
    this.timeout += part.timeout
  }

  /** Takes over the rates of an earlier time: too little has passed since for new ones. */
  keepRates(earlier: Figures): void {
    this.publish = earlier.publish
    this.deliver = earlier.deliver
    this.finish = earlier.finish
    this.requeue = earlier.requeue
    this.timeout = earlier.timeout
  }

  /** Whether anything happens or waits. */
  get isBusy(): boolean {
    return this.depth + this.inFlight + this.deferred + this.publish + this.deliver > 0
  }
}

export const NO_LATENCY: ReadonlyMap<number, number> = new Map()

/** Weighs the percentiles of several nodes by how many messages each has seen. */
export class LatencySum {
  readonly #byQuantile = new Map<number, { sum: number; weight: number }>()

  add(quantile: number, value: number, count: number): void {
    const known = this.#byQuantile.get(quantile)
    if (known === undefined) this.#byQuantile.set(quantile, { sum: value * count, weight: count })
    else {
      known.sum += value * count
      known.weight += count
    }
  }

  get means(): ReadonlyMap<number, number> {
    const means = new Map<number, number>()
    for (const [quantile, { sum, weight }] of this.#byQuantile) {
      if (weight > 0) means.set(quantile, sum / weight)
    }
    return means
  }
}
