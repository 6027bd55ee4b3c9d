import { type ErrorCode, ProtocolError } from '@tsq/protocol'

/** A refusal that repeats what the client sent, byte by byte: that need not be UTF-8. */
export class EchoError extends ProtocolError {
  /** The whole text as it goes to the client. */
  readonly bytes: Buffer

  /** @param echoed copied; goes between `description` and `rest`. */
  constructor(code: ErrorCode, description: string, echoed: Buffer, rest = '') {
    super(code, description + echoed.toString() + rest)
    this.bytes = Buffer.concat([Buffer.from(`${code} ${description}`), echoed, Buffer.from(rest)])
  }
}
