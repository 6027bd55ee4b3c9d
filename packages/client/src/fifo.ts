// Hot: one push and one shift per publish and per message that waits for a handler.

/** A queue as a ring that doubles when full: neither end ever moves the rest. */
export class Fifo<T> {
  #slots: (T | undefined)[] = Array.from({ length: 16 })
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item
    this.#length++
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#length--
    return item
  }

  peek(): T | undefined {
    return this.#slots[this.#head]
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = Array.from({ length: old.length * 2 })
    for (let i = 0; i < this.#length; i++) {
      this.#slots[i] = old[(this.#head + i) & (old.length - 1)]
    }
    this.#head = 0
  }
}
