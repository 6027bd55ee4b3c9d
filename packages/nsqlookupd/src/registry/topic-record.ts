import type { RegisteredNode } from './registered-node.ts'

/** The moment of a tombstone that was never set. */
export const NO_TOMBSTONE = Number.NEGATIVE_INFINITY

/** A topic as nsqlookupd remembers it, with or without nodes. */
export class TopicRecord {
  readonly name: string
  /** The nodes that carry it, in the order they registered, and when each was tombstoned here, if ever. */
  readonly nodes = new Map<RegisteredNode, number>()
  /** Its channels, each with the nodes that carry it. All of them carry the topic too. */
  readonly channels = new Map<string, Set<RegisteredNode>>()

  constructor(name: string) {
    this.name = name
  }
}
