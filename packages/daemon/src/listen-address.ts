import type { AddressInfo, Server } from 'node:net'
import { StartupError } from './startup-error.ts'

/** Where a daemon listens. An empty host means every interface. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** A listener that can't be opened: `listen (<address>) failed - <reason>`. */
export class ListenError extends StartupError {
  override readonly name = 'ListenError'
  override readonly code = 'ERR_LISTEN'
  readonly address: string

  constructor(address: string, reason: string, cause?: unknown) {
    super(`listen (${address}) failed - ${reason}`, { cause })
    this.address = address
  }
}

const MAX_PORT = 65_535

/**
 * Reads `0.0.0.0:4150`, `:4150`, `[::1]:4150` or, as anything that doesn't split as host and port, the path
 * of a Unix socket.
 *
 * @throws {ListenError} for an empty address or a port that isn't one.
 */
export function parseListenAddress(text: string): ListenAddress {
  if (text === '') throw new ListenError(text, 'the address is empty')
  const match = /^(?:\[([^[\]]*)\]|([^[\]:/]*)):([^:/]*)$/.exec(text)
  if (match === null) return { kind: 'unix', path: text }
  const [, bracketed, plain = '', portText = ''] = match
  const port = portText === '' ? 0 : Number(portText)
  if (!/^[0-9]*$/.test(portText) || port > MAX_PORT) {
    throw new ListenError(text, `invalid port ${JSON.stringify(portText)}`)
  }
  return { kind: 'tcp', host: bracketed ?? plain, port }
}

/** A host and port, or path, in the form `parseListenAddress` reads. */
export function formatListenAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return address.path
  return hostPort(address.host, address.port)
}

/** `127.0.0.1:4150` or `[::1]:4150`; an IPv4 address dressed up as IPv6 loses its costume. */
export function hostPort(host: string, port: number): string {
  const plain = host.startsWith('::ffff:') && host.includes('.') ? host.slice(7) : host
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`
}

/** Whether text is `host:port`, with both there. */
export function isHostPort(text: string): boolean {
  try {
    const address = parseListenAddress(text)
    return address.kind === 'tcp' && address.host !== '' && address.port > 0
  } catch {
    return false
  }
}

/**
 * Opens a listener and waits until it is bound.
 *
 * @returns the address really bound, with the port the system chose if 0 was asked for.
 * @throws {ListenError}
 */
export function listen(server: Server, text: string): Promise<ListenAddress> {
  const address = parseListenAddress(text)
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      server.off('listening', onListening)
      reject(new ListenError(text, listenReason(text, address, error), error))
    }
    const onListening = (): void => {
      server.off('error', onError)
      resolve(boundAddress(server))
    }
    server.once('error', onError).once('listening', onListening)
    if (address.kind === 'unix') server.listen({ path: address.path })
    else if (address.host === '') server.listen({ port: address.port })
    else server.listen({ host: address.host, port: address.port })
  })
}

function boundAddress(server: Server): ListenAddress {
  const bound: AddressInfo | string | null = server.address()
  if (bound === null) throw new TypeError('the server is not listening')
  return typeof bound === 'string'
    ? { kind: 'unix', path: bound }
    : { kind: 'tcp', host: bound.address, port: bound.port }
}

const BIND_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'cannot assign requested address',
  ENOENT: 'no such file or directory',
}

function listenReason(text: string, address: ListenAddress, error: NodeJS.ErrnoException): string {
  const network = address.kind
  if (error.code === 'ENOTFOUND' && address.kind === 'tcp') {
    return `listen ${network}: lookup ${address.host}: no such host`
  }
  const reason = BIND_REASONS[error.code ?? '']
  return reason === undefined ? error.message : `listen ${network} ${text}: bind: ${reason}`
}
