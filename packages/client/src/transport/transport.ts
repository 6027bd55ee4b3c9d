// What lies between a connection and its socket: the socket itself, and compression around it.

/** Bytes out. Layers wrap one another; the connection holds the outermost. */
export interface Transport {
  /**
   * Sends all parts, gathered into one write where the layer can.
   *
   * @param parts borrowed until they have left.
   * @returns whether they have left already, so that their memory may be used again at once.
   */
  write(parts: readonly Buffer[]): boolean
  /** Bytes taken by `write` that have not left. */
  pendingBytes(): number
  /** Rises with every write that has left; stands still while the peer takes nothing. */
  writesDone(): number
}

/** Bytes in, and the end of them. */
export interface TransportSink {
  onBytes(chunk: Buffer): void
  /** A layer cannot go on. Called at most once. */
  onFailure(cause: Error): void
}
