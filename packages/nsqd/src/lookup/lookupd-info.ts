/** Where an nsqlookupd answers HTTP, as it says itself. */
export interface LookupdInfo {
  /** Empty where it has none. */
  readonly broadcastAddress: string
  readonly httpPort: number
  /** 0 where it has no HTTPS, or doesn't say so. */
  readonly httpsPort: number
}

/** Reads the answer to IDENTIFY; undefined where it is none. */
export function readLookupdInfo(answer: string): LookupdInfo | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(answer)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined
  const fields: { broadcast_address?: unknown; http_port?: unknown; https_port?: unknown } = parsed
  const {
    broadcast_address: broadcastAddress = '',
    http_port: httpPort = 0,
    https_port: httpsPort = 0,
  } = fields
  if (typeof broadcastAddress !== 'string' || typeof httpPort !== 'number') return undefined
  if (typeof httpsPort !== 'number') return undefined
  return { broadcastAddress, httpPort, httpsPort }
}
