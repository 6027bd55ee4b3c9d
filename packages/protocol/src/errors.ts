/** Error codes exactly as they stand at the head of an error frame. */
export type ErrorCode =
  | 'E_BAD_PROTOCOL'
  | 'E_INVALID'
  | 'E_BAD_BODY'
  | 'E_BAD_TOPIC'
  | 'E_BAD_CHANNEL'
  | 'E_BAD_MESSAGE'
  | 'E_PUB_FAILED'
  | 'E_MPUB_FAILED'
  | 'E_DPUB_FAILED'
  | 'E_SUB_FAILED'
  | 'E_IDENTIFY_FAILED'
  | 'E_AUTH_DISABLED'
  | 'E_AUTH_FAILED'
  | 'E_AUTH_ERROR'
  | 'E_AUTH_FIRST'
  | 'E_UNAUTHORIZED'
  | 'E_FIN_FAILED'
  | 'E_REQ_FAILED'
  | 'E_TOUCH_FAILED'

const NON_FATAL: ReadonlySet<string> = new Set(['E_FIN_FAILED', 'E_REQ_FAILED', 'E_TOUCH_FAILED'])

/** Whether nsqd closes the connection after an error frame with this code. */
export function isFatalErrorCode(code: string): boolean {
  return !NON_FATAL.has(code)
}

/**
 * The peer broke the protocol, or what it asked for failed. When `fatal`, a server answers with the error
 * frame and then closes the connection.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code: ErrorCode
  readonly fatal: boolean

  /** @param description what stands behind the code on the wire; empty for a bare code. */
  constructor(code: ErrorCode, description: string, options?: ErrorOptions) {
    super(description === '' ? code : `${code} ${description}`, options)
    this.code = code
    this.fatal = isFatalErrorCode(code)
  }
}
