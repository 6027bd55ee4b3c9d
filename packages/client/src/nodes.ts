// The nsqd a consumer should be connected to, and the attempts to be so: named ones are tried for ever, found ones as
// long as some nsqlookupd lists them.

import { parseAddress, type Address } from './address.ts'
import { reconnectDelayMs, type ReconnectLimits } from './backoff.ts'
import { asError } from './errors.ts'

/** Something connected, which says when it is not any more. */
export interface NodeConnection {
  drain(): void
}

export interface NodesSettings<C extends NodeConnection> extends ReconnectLimits {
  /** Connects and subscribes; {@link Nodes.onClosed} is called for it later. */
  connect(address: Address, signal: AbortSignal): Promise<C>
  onConnectFailed(address: Address, error: Error): void
  /** A found node was lost: time to ask nsqlookupd. */
  onFoundNodeLost(): void
}

interface Node<C> {
  readonly address: Address
  isNamed: boolean
  connection: C | undefined
  isConnecting: boolean
  failures: number
  retryTimer: NodeJS.Timeout | undefined
}

export class Nodes<C extends NodeConnection> {
  readonly #settings: NodesSettings<C>
  readonly #nodes = new Map<string, Node<C>>()
  readonly #aborter = new AbortController()
  #listed: ReadonlySet<string> = new Set()

  constructor(settings: NodesSettings<C>) {
    this.#settings = settings
  }

  has(key: string): boolean {
    return this.#nodes.has(key)
  }

  /** Adds a node to stay connected to. Rejects when the first attempt fails; later ones go on all the same. */
  add(address: Address): Promise<void> {
    const known = this.#nodes.get(address.key)
    if (known !== undefined) {
      known.isNamed = true
      return Promise.resolve()
    }
    return this.#connect(this.#make(address, true))
  }

  /** Takes the nodes nsqlookupd lists now. Connected ones stay, whether they are listed or not. */
  setListed(keys: readonly string[]): void {
    this.#listed = new Set(keys)
    for (const key of keys) {
      if (this.#nodes.has(key) || this.#aborter.signal.aborted) continue
      let address: Address
      try {
        address = parseAddress(key)
      } catch {
        continue
      }
      // A failure is told by onConnectFailed, and tried again.
      this.#connect(this.#make(address, false)).catch(() => {})
    }
  }

  /** Forgets a node and drains its connection. @returns whether it was there. */
  remove(key: string): boolean {
    const node = this.#nodes.get(key)
    if (node === undefined) return false
    this.#nodes.delete(key)
    clearTimeout(node.retryTimer)
    node.connection?.drain()
    return true
  }

  onClosed(connection: C): void {
    for (const node of this.#nodes.values()) {
      if (node.connection !== connection) continue
      node.connection = undefined
      this.#retryLater(node)
      if (!node.isNamed) this.#settings.onFoundNodeLost()
    }
  }

  /** Starts no more attempts, and ends those under way. */
  stop(): void {
    this.#aborter.abort()
    for (const node of this.#nodes.values()) clearTimeout(node.retryTimer)
    this.#nodes.clear()
  }

  #make(address: Address, isNamed: boolean): Node<C> {
    const node: Node<C> = {
      address,
      isNamed,
      connection: undefined,
      isConnecting: false,
      failures: 0,
      retryTimer: undefined,
    }
    this.#nodes.set(address.key, node)
    return node
  }

  async #connect(node: Node<C>): Promise<void> {
    node.isConnecting = true
    try {
      const connection = await this.#settings.connect(node.address, this.#aborter.signal)
      node.isConnecting = false
      node.connection = connection
      node.failures = 0
      // Removed while it connected.
      if (this.#nodes.get(node.address.key) !== node) connection.drain()
    } catch (error) {
      node.isConnecting = false
      node.failures++
      if (!this.#aborter.signal.aborted) {
        this.#settings.onConnectFailed(node.address, asError(error))
        this.#retryLater(node)
      }
      throw error
    }
  }

  #retryLater(node: Node<C>): void {
    if (this.#aborter.signal.aborted || this.#nodes.get(node.address.key) !== node) return
    const delayMs = reconnectDelayMs(Math.max(0, node.failures - 1), this.#settings)
    clearTimeout(node.retryTimer)
    node.retryTimer = setTimeout(() => {
      if (node.isNamed || this.#listed.has(node.address.key)) {
        this.#connect(node).catch(() => {})
      } else if (this.#nodes.get(node.address.key) === node) {
        this.#nodes.delete(node.address.key)
      }
    }, delayMs)
  }
}
