/** What a peer may send, and how long it may take. */
export interface SessionLimits {
  /** Longest command line, its LF included. */
  readonly maxLineBytes: number
  /** Longest body of an IDENTIFY. */
  readonly maxBodyBytes: number
  /** From the connection to the fourth byte of the magic. */
  readonly magicTimeoutMs: number
  /** From the first byte of a command to its last. */
  readonly commandTimeoutMs: number
  /** Longest silence of a peer that hasn't sent IDENTIFY. One that has is only hidden when it doesn't ping. */
  readonly unidentifiedTimeoutMs: number
  /** How long the answers of a peer that doesn't read may wait. */
  readonly sendTimeoutMs: number
  /** After an error the peer gets so long to read it and close. */
  readonly lingerMs: number
}

export const DEFAULT_LIMITS: SessionLimits = {
  maxLineBytes: 4_096,
  maxBodyBytes: 65_536,
  magicTimeoutMs: 10_000,
  commandTimeoutMs: 10_000,
  unidentifiedTimeoutMs: 60_000,
  sendTimeoutMs: 60_000,
  lingerMs: 1_000,
}
