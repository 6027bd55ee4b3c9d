import { isFatalErrorCode } from '@tsq/protocol'

/**
 * What every error of this package has. Match on `code`; texts may change, codes do not.
 *
 * @category Errors
 */
export abstract class NsqError extends Error {
  /** Stable; see each class for the codes it uses. */
  readonly code: string
  /** Whether the same call may succeed when it is made again later, unchanged. */
  readonly retryable: boolean
  /** The nsqd or nsqlookupd concerned, where there is one. */
  readonly address: string | undefined

  /** @internal */
  constructor(code: string, retryable: boolean, text: string, details: ErrorDetails = {}) {
    super(text, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.retryable = retryable
    this.address = details.address
  }
}

/** What was thrown, as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown })
}

export interface ErrorDetails {
  readonly address?: string | undefined
  readonly cause?: unknown
}

/**
 * `ERR_OPTION`: options that cannot be used. Thrown by constructors; `problems` has every one.
 *
 * @category Errors
 */
export class OptionError extends NsqError {
  override readonly name = 'OptionError'
  readonly problems: readonly string[]

  /** @internal */
  constructor(problems: readonly string[]) {
    super('ERR_OPTION', false, problems.join('; '))
    this.problems = problems
  }
}

/** @category Errors */
export type ArgumentErrorCode =
  | 'ERR_TOPIC_NAME'
  | 'ERR_CHANNEL_NAME'
  | 'ERR_BODY_EMPTY'
  | 'ERR_BODY_TYPE'
  | 'ERR_BODY_TOO_BIG'
  | 'ERR_BATCH_EMPTY'
  | 'ERR_BATCH_TOO_BIG'
  | 'ERR_DELAY'
  | 'ERR_ADDRESS'
  | 'ERR_ARGUMENT'

/**
 * A call that nsqd would refuse; refused before anything is sent.
 *
 * @category Errors
 */
export class ArgumentError extends NsqError {
  override readonly name = 'ArgumentError'

  /** @internal */
  constructor(code: ArgumentErrorCode, text: string) {
    super(code, false, text)
  }
}

/** @category Errors */
export type ConnectionErrorCode =
  | 'ERR_CONNECT'
  | 'ERR_CONNECT_TIMEOUT'
  | 'ERR_HANDSHAKE_TIMEOUT'
  | 'ERR_TLS'
  | 'ERR_READ_TIMEOUT'
  | 'ERR_WRITE_TIMEOUT'
  | 'ERR_RESPONSE_TIMEOUT'
  | 'ERR_CONNECTION_LOST'
  | 'ERR_NOT_CONNECTED'

/**
 * The connection could not be made, or was lost.
 *
 * @category Errors
 */
export class ConnectionError extends NsqError {
  override readonly name = 'ConnectionError'

  /** @internal */
  constructor(code: ConnectionErrorCode, text: string, details?: ErrorDetails) {
    super(code, true, text, details)
  }
}

/**
 * `ERR_OUTCOME_UNKNOWN`: the connection went after a publish was sent and before its answer came. The message
 * may be queued or not; publishing again may make it two.
 *
 * @category Errors
 */
export class OutcomeUnknownError extends NsqError {
  override readonly name = 'OutcomeUnknownError'

  /** @internal */
  constructor(details: ErrorDetails) {
    super('ERR_OUTCOME_UNKNOWN', true, 'connection lost before nsqd answered', details)
  }
}

/** @category Errors */
export type HandshakeErrorCode =
  'ERR_IDENTIFY' | 'ERR_FEATURE_REFUSED' | 'ERR_AUTH_REQUIRED' | 'ERR_AUTH'

/**
 * nsqd is there but will not serve this client as it is set up.
 *
 * @category Errors
 */
export class HandshakeError extends NsqError {
  override readonly name = 'HandshakeError'

  /** @internal */
  constructor(code: HandshakeErrorCode, text: string, details?: ErrorDetails) {
    super(code, details?.cause instanceof ServerError && details.cause.retryable, text, details)
  }
}

/**
 * `ERR_PROTOCOL`: the peer sent what no nsqd sends. The connection is closed.
 *
 * @category Errors
 */
export class PeerError extends NsqError {
  override readonly name = 'PeerError'

  /** @internal */
  constructor(text: string, details?: ErrorDetails) {
    super('ERR_PROTOCOL', true, text, details)
  }
}

const RETRYABLE_SERVER_CODES: ReadonlySet<string> = new Set([
  'E_PUB_FAILED',
  'E_MPUB_FAILED',
  'E_DPUB_FAILED',
  'E_SUB_FAILED',
  'E_AUTH_FAILED',
])

/**
 * `ERR_SERVER`: nsqd answered with an error frame.
 *
 * @category Errors
 */
export class ServerError extends NsqError {
  override readonly name = 'ServerError'
  /** The first word of the frame: `E_BAD_TOPIC`, `E_FIN_FAILED` … */
  readonly serverCode: string
  /** The frame, whole. */
  readonly serverText: string
  /** Whether nsqd closes the connection after it. */
  readonly fatal: boolean

  /** @internal */
  constructor(serverText: string, address?: string) {
    const serverCode = serverText.split(' ', 1)[0] ?? ''
    super('ERR_SERVER', RETRYABLE_SERVER_CODES.has(serverCode), serverText, { address })
    this.serverCode = serverCode
    this.serverText = serverText
    this.fatal = isFatalErrorCode(serverCode)
  }
}

/**
 * `ERR_QUEUE_FULL`: more waits in the producer already than its options allow. Nothing was sent.
 *
 * @category Errors
 */
export class QueueFullError extends NsqError {
  override readonly name = 'QueueFullError'

  /** @internal */
  constructor(text: string, address?: string) {
    super('ERR_QUEUE_FULL', true, text, { address })
  }
}

/**
 * `ERR_QUEUE_TIMEOUT`: no connection came up for as long as a publish may wait. Nothing was sent.
 *
 * @category Errors
 */
export class QueueTimeoutError extends NsqError {
  override readonly name = 'QueueTimeoutError'

  /** @internal */
  constructor(waitedMs: number, details: ErrorDetails) {
    super('ERR_QUEUE_TIMEOUT', true, `no connection within ${waitedMs} ms`, details)
  }
}

/**
 * `ERR_CLOSED`: the producer or consumer is closed, or closes. Nothing was sent.
 *
 * @category Errors
 */
export class ClosedError extends NsqError {
  override readonly name = 'ClosedError'

  /** @internal */
  constructor(text: string, address?: string) {
    super('ERR_CLOSED', false, text, { address })
  }
}

/**
 * `ERR_LOOKUP`: an nsqlookupd did not give a usable answer.
 *
 * @category Errors
 */
export class LookupError extends NsqError {
  override readonly name = 'LookupError'
  /** The HTTP status, where there was one. 404 is normal for a topic nobody has published to. */
  readonly status: number | undefined

  /** @internal */
  constructor(text: string, details: ErrorDetails & { readonly status?: number | undefined }) {
    super('ERR_LOOKUP', true, text, details)
    this.status = details.status
  }
}
