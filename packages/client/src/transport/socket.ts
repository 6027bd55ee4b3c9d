import { connect as connectTcp, type NetConnectOpts, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions as TlsOptions } from 'node:tls'
import { addAbortListener } from 'node:events'
import type { Address } from '../address.ts'
import { asError, ConnectionError } from '../errors.ts'
import type { Transport } from './transport.ts'

export interface DialOptions {
  readonly connectTimeoutMs: number
  readonly localAddress: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Connects to an nsqd. The caller owns the socket, which has no listeners and does not flow yet.
 *
 * @throws {ConnectionError} `ERR_CONNECT` or `ERR_CONNECT_TIMEOUT`.
 */
export function dial(address: Address, options: DialOptions): Promise<Socket> {
  options.signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const target: NetConnectOpts =
      address.path === undefined
        ? {
            host: address.host,
            port: address.port,
            ...(options.localAddress === '' ? {} : { localAddress: options.localAddress }),
          }
        : { path: address.path }
    const socket = connectTcp(target)
    const settle = (error?: unknown): void => {
      clearTimeout(timer)
      listening?.[Symbol.dispose]()
      socket.off('error', onError).off('connect', onConnect)
      if (error === undefined) {
        resolve(socket)
        return
      }
      socket.on('error', () => {}).destroy()
      reject(asError(error))
    }
    const onError = (cause: Error): void => {
      const text = `cannot connect to ${address.key}: ${describe(cause)}`
      settle(new ConnectionError('ERR_CONNECT', text, { address: address.key, cause }))
    }
    const onConnect = (): void => {
      socket.setNoDelay(true)
      settle()
    }
    const timer = setTimeout(() => {
      const text = `cannot connect to ${address.key} within ${options.connectTimeoutMs} ms`
      settle(new ConnectionError('ERR_CONNECT_TIMEOUT', text, { address: address.key }))
    }, options.connectTimeoutMs)
    const { signal } = options
    const listening =
      signal === undefined ? undefined : addAbortListener(signal, () => settle(signal.reason))
    socket.once('error', onError).once('connect', onConnect)
  })
}

/** With several addresses behind a name, Node reports an AggregateError without a text of its own. */
function describe(cause: Error): string {
  if (cause.message !== '') return cause.message
  const inner: unknown = cause instanceof AggregateError ? cause.errors[0] : undefined
  return inner instanceof Error ? inner.message : cause.name
}

/**
 * Does the client's side of a TLS handshake on a connected socket.
 *
 * @throws {ConnectionError} `ERR_TLS`.
 */
export function upgradeToTls(socket: Socket, address: Address, given: TlsOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // A name, never an address, may be sent as the server's name.
    const name = /^[\d.]+$|:/.test(address.host) ? {} : { servername: address.host }
    const host = address.host === '' ? {} : { host: address.host }
    const secure = connectTls({ ...host, ...name, ...given, socket })
    const onError = (cause: Error): void => {
      secure.off('secureConnect', onSecure).off('close', onClose)
      secure.on('error', () => {}).destroy()
      const text = `TLS with ${address.key} failed: ${cause.message}`
      reject(new ConnectionError('ERR_TLS', text, { address: address.key, cause }))
    }
    const onClose = (): void => onError(new Error('connection closed'))
    const onSecure = (): void => {
      secure.off('error', onError).off('close', onClose)
      resolve(secure)
    }
    secure.once('error', onError).once('secureConnect', onSecure).once('close', onClose)
  })
}

/** The innermost layer. Listens to nothing: the connection does. */
export class SocketTransport implements Transport {
  readonly #socket: Socket
  #writesDone = 0
  readonly #onWritten = (): void => {
    this.#writesDone++
  }

  constructor(socket: Socket) {
    this.#socket = socket
  }

  write(parts: readonly Buffer[]): boolean {
    const socket = this.#socket
    if (socket.destroyed || socket.writableEnded) return true
    if (parts.length === 1) {
      socket.write(parts[0]!, this.#onWritten)
    } else {
      socket.cork()
      for (const part of parts) socket.write(part, this.#onWritten)
      socket.uncork()
    }
    return socket.writableLength === 0
  }

  pendingBytes(): number {
    return this.#socket.writableLength
  }

  writesDone(): number {
    return this.#writesDone
  }
}
