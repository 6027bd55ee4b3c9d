import type { RegisteredNode } from './registered-node.ts'

/** The moment of a tombstone that was never set. */
export const NO_TOMBSTONE = Number.NEGATIVE_INFINITY

/**
 * Nodes in the order they came. An array, since a hundred nodes with a thousand topics make as many of these: a place
 * in it takes 8 bytes, one in a Set or Map 40 and more (bench/lookup.ts), and a few hundred are searched in no time.
 */
export class NodeList {
  #nodes: RegisteredNode[] = []

  get size(): number {
    return this.#nodes.length
  }

  has(node: RegisteredNode): boolean {
    return this.#nodes.includes(node)
  }

  /** @param node is not among them. */
  add(node: RegisteredNode): void {
    this.#nodes.push(node)
  }

  /** @returns whether it was there. */
  delete(node: RegisteredNode): boolean {
    const at = this.#nodes.indexOf(node)
    if (at === -1) return false
    this.#nodes.splice(at, 1)
    return true
  }

  clear(): void {
    this.#nodes = []
  }

  [Symbol.iterator](): Iterator<RegisteredNode> {
    return this.#nodes[Symbol.iterator]()
  }
}

/** A topic as nsqlookupd remembers it, with or without nodes. */
export class TopicRecord {
  readonly name: string
  /** The nodes that carry it. */
  readonly nodes = new NodeList()
  /** Its channels, each with the nodes that carry it. All of them carry the topic too. */
  readonly channels = new Map<string, NodeList>()
  /** When nodes of it were tombstoned; most topics never have any. */
  #tombstones: Map<RegisteredNode, number> | undefined

  constructor(name: string) {
    this.name = name
  }

  tombstone(node: RegisteredNode, at: number): void {
    this.#tombstones ??= new Map()
    this.#tombstones.set(node, at)
  }

  forgetTombstone(node: RegisteredNode): void {
    this.#tombstones?.delete(node)
    if (this.#tombstones?.size === 0) this.#tombstones = undefined
  }

  /** {@link NO_TOMBSTONE} where there is none. */
  tombstonedAt(node: RegisteredNode): number {
    return this.#tombstones?.get(node) ?? NO_TOMBSTONE
  }
}
