/** Which kind of server was asked. */
export type UpstreamKind = 'nsqlookupd' | 'nsqd'

/** One server that didn't answer as it should. The message names its URL or repeats its answer. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly code = 'ERR_SOURCE'
  /** The server as configured or announced: `host:port`. */
  readonly address: string
  /** Of the answer; 0 when there was none. */
  readonly status: number

  constructor(message: string, address: string, status: number, cause?: unknown) {
    super(message, { cause })
    this.address = address
    this.status = status
  }
}

/** Nobody who was asked answered: `failed to query any nsqd: …`, a line for each. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly code = 'ERR_UPSTREAM'
  readonly errors: readonly SourceError[]

  constructor(kind: UpstreamKind, errors: readonly SourceError[]) {
    super(`failed to query any ${kind}: ${linesOf(errors)}`)
    this.errors = errors
  }

  /** Whether everybody answered, and everybody that there is no such thing. */
  get isNotFound(): boolean {
    return this.errors.length > 0 && this.errors.every(({ status }) => status === 404)
  }
}

export function linesOf(errors: readonly Error[]): string {
  return errors.map(({ message }) => message).join('\n')
}
