// How a message's destination is chosen. Destinations are known by their place in the list of the command line.

/** Chooses which of several destinations gets the next message. */
export interface Pool {
  /** The one to use now, among those that `isOpen` lets have it; undefined when none will do. */
  pick(isOpen: (index: number) => boolean): number | undefined
  succeeded(index: number, tookMs: number): void
  failed(index: number): void
}

export interface PoolSettings {
  readonly size: number
  /** Milliseconds that only go forward. */
  readonly now?: () => number
  /** From 0 up to, not including, 1. */
  readonly random?: () => number
}

/** Each in its turn, whatever became of earlier messages. The first message goes to the second, as NSQ's does. */
export class RoundRobin implements Pool {
  readonly #size: number
  #counter = 0

  constructor({ size }: PoolSettings) {
    this.#size = size
  }

  pick(isOpen: (index: number) => boolean): number | undefined {
    this.#counter = (this.#counter + 1) % this.#size
    for (let i = 0; i < this.#size; i++) {
      const index = (this.#counter + i) % this.#size
      if (isOpen(index)) return index
    }
    return undefined
  }

  succeeded(): void {}

  failed(): void {}
}
