import type { IncomingMessage } from 'node:http'

/** How a refused body is still read, so that a client that writes before it reads gets its answer. */
const DRAIN_BYTES = 16 * 1_024 * 1_024

export type BodyOutcome =
  | { readonly kind: 'body'; readonly body: Buffer }
  | { readonly kind: 'tooBig' }
  /** The peer went away in the middle; there is nobody to answer. */
  | { readonly kind: 'aborted' }

/**
 * Reads a request's body, at most `maxBytes` of it. A `Content-Length` beyond that is refused unread. What
 * follows a refusal is read and dropped up to a limit, after which the connection is closed.
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  done: (outcome: BodyOutcome) => void,
): void {
  const chunks: Buffer[] = []
  let bytes = 0
  let isDone = false
  const finish = (outcome: BodyOutcome): void => {
    if (isDone) return
    isDone = true
    done(outcome)
  }

  const onData = (chunk: Buffer): void => {
    bytes += chunk.length
    if (bytes <= maxBytes && !isDone) {
      chunks.push(chunk)
      return
    }
    chunks.length = 0
    finish({ kind: 'tooBig' })
    if (bytes > maxBytes + DRAIN_BYTES) request.destroy()
  }
  const onEnd = (): void => {
    const [only] = chunks
    finish({
      kind: 'body',
      body: chunks.length === 1 && only ? only : Buffer.concat(chunks, bytes),
    })
  }

  request.on('error', () => finish({ kind: 'aborted' }))
  request.on('close', () => finish({ kind: 'aborted' }))
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) finish({ kind: 'tooBig' })
  request.on('data', onData)
  request.on('end', onEnd)
}
