/** Where a process of the cluster runs: this machine as it is, or a network namespace. */
export interface Place {
  /** The address it listens on, and is reached under by the others. */
  readonly host: string
  /** The command line that runs `words` there. */
  commandFor(words: readonly string[]): readonly string[]
}

export const LOOPBACK: Place = {
  host: '127.0.0.1',
  commandFor: (words) => words,
}
