import { ArgumentError } from './errors.ts'

/** Where an nsqd listens: a host and port, or the path of a unix socket. */
export interface Address {
  /** The canonical text: `host:port`, `[v6]:port` or the socket's path. One per nsqd. */
  readonly key: string
  /** Name or IP address, without brackets; empty for a unix socket. */
  readonly host: string
  readonly port: number
  readonly path: string | undefined
}

/**
 * Reads `host:port`, `[::1]:4150`, `/path/of.sock` or `unix:/path/of.sock`.
 *
 * @throws {ArgumentError} `ERR_ADDRESS` for anything else, a missing port above all.
 */
export function parseAddress(text: string): Address {
  const path = text.startsWith('unix:') ? text.slice('unix:'.length).replace(/^\/\/+/, '/') : text
  if (path.startsWith('/')) return { key: path, host: '', port: 0, path }
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || !(port >= 1 && port <= 65_535)) {
    throw new ArgumentError('ERR_ADDRESS', `address ${JSON.stringify(text)} is not host:port`)
  }
  return { key: addressKey(host, port), host, port, path: undefined }
}

/** Joins a host and a port, with brackets round an IPv6 address. */
export function addressKey(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
