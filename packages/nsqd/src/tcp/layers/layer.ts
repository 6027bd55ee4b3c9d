/** Compression between a session and its socket: one of a connection, for both directions. */
export interface Layer {
  readonly name: 'deflate' | 'snappy'
  /** Bytes taken by `write` that have not been handed to the socket. */
  readonly pendingBytes: number
  /**
   * Sends the pieces in order, so that the peer can read all of them at once.
   *
   * @param written called when they are no longer read and the operating system has taken what became of them.
   */
  write(pieces: readonly Uint8Array[], written: () => void): void
  /** @param bytes what the peer sent; borrowed for the call. */
  receive(bytes: Buffer): void
  /** The peer sends no more. */
  receiveEnd(): void
  /** Whether what was received is kept back for now, as far as that is possible. */
  hold(isHeld: boolean): void
  /** Ends the connection once everything has left. */
  end(): void
  /** The connection is gone. */
  close(): void
}

/** The socket below a layer. */
export interface Below {
  /** @param pieces borrowed until `written`. */
  write(pieces: readonly Uint8Array[], written: () => void): void
  end(): void
  /** Whether the layer has as much as it may hold: the socket is then not read. */
  setFull(isFull: boolean): void
}

/** The session above a layer. */
export interface Above {
  /** @param bytes borrowed for the call. @returns whether it wants more. */
  onBytes(bytes: Buffer): boolean
  onEnd(): void
  /** What the peer sent can't be read. Called at most once. */
  onBroken(why: string): void
}

/**
 * Joins small neighbours into pieces of at most `limit` bytes, so that what a turn sends costs few calls of the compressor.
 * Pieces that long themselves are passed as they are.
 */
export function joinSmall(pieces: readonly Uint8Array[], limit: number): Uint8Array[] {
  const joined: Uint8Array[] = []
  let first = 0
  while (first < pieces.length) {
    let bytes = pieces[first]!.length
    let end = first + 1
    while (end < pieces.length && bytes + pieces[end]!.length <= limit) {
      bytes += pieces[end]!.length
      end += 1
    }
    joined.push(end - first === 1 ? pieces[first]! : Buffer.concat(pieces.slice(first, end), bytes))
    first = end
  }
  return joined
}
