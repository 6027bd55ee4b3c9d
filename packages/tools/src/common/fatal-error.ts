import { ConnectionError, NsqError } from '@tsq/client'

/** A tool can't start, or go on: its text is printed as one line and the exit code is 1. */
export class FatalError extends Error {
  override readonly name = 'FatalError'
  readonly code = 'ERR_FATAL'
}

/** A connection's failure as Go words it, because scripts look for `connection refused`. */
export function connectProblem(address: string, error: unknown): string {
  if (error instanceof ConnectionError) {
    if (error.code === 'ERR_CONNECT_TIMEOUT') return `dial tcp ${address}: i/o timeout`
    const reason = systemReason(error.cause)
    if (reason !== undefined) return `dial tcp ${address}: connect: ${reason}`
  }
  if (error instanceof NsqError) return error.message
  return error instanceof Error ? error.message : String(error)
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  ENOENT: 'no such file or directory',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'temporary failure in name resolution',
}

function systemReason(cause: unknown): string | undefined {
  // A name with several addresses fails with every address's error in one.
  const one: unknown = cause instanceof AggregateError ? cause.errors[0] : cause
  if (!(one instanceof Error) || !('code' in one)) return undefined
  return REASONS[String(one.code)]
}
