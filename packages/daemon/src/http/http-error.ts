/** An answer other than success. The text is one of NSQ's codes, such as `MISSING_ARG_TOPIC`. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly code = 'ERR_HTTP_STATUS'
  readonly status: number

  constructor(status: number, text: string) {
    super(text)
    this.status = status
  }
}
