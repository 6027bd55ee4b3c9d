import { goJson, type HttpClient, type Logger } from '@tsq/daemon'

import type { Clock } from '../clock.ts'
import { authUrl } from './auth-url.ts'
import { Grant } from './grant.ts'

/** A longer secret is none: it would not fit into a URL, and to make one of it would keep others waiting. */
const MAX_SECRET_BYTES = 16 * 1024

/** Who wants to be authorized, as far as the connection shows. */
export interface AuthClient {
  /** Empty on a Unix socket. */
  readonly remoteIp: string
  readonly isTls: boolean
  /** Of the client's certificate; empty without one. */
  readonly commonName: string
}

export interface AuthServersOptions {
  /** `host:port` or a URL each. */
  readonly addresses: readonly string[]
  readonly method: 'GET' | 'POST'
  readonly client: HttpClient
  readonly clock: Clock
  readonly logger: Logger
  readonly random?: () => number
}

/** The servers that say what clients may do. */
export class AuthServers {
  readonly clock: Clock
  readonly #options: AuthServersOptions

  constructor(options: AuthServersOptions) {
    this.clock = options.clock
    this.#options = options
  }

  /** Asks one server after the other, beginning with any, until one knows. Undefined when none does. */
  async ask(secret: Buffer, client: AuthClient, signal: AbortSignal): Promise<Grant | undefined> {
    const { addresses, random = Math.random, logger } = this.#options
    if (secret.length > MAX_SECRET_BYTES) {
      logger.warn(`a secret of ${secret.length} bytes is refused`)
      return undefined
    }
    const first = Math.floor(random() * addresses.length)
    for (let i = 0; i < addresses.length && !signal.aborted; i++) {
      const address = addresses[(first + i) % addresses.length]!
      try {
        return await this.#askOne(address, secret, client, signal)
      } catch (error) {
        if (!signal.aborted) {
          logger.error(`auth server ${address} failed`, { err: error })
        }
      }
    }
    return undefined
  }

  async #askOne(
    address: string,
    secret: Buffer,
    { remoteIp, isTls, commonName }: AuthClient,
    signal: AbortSignal,
  ): Promise<Grant> {
    const url = authUrl(address)
    if (url === undefined) throw new Error('its address is neither host:port nor a URL')
    const { method, client } = this.#options
    let body: { body?: string } = {}
    if (method === 'GET') {
      const own = url.search === '' ? '' : `${url.search.slice(1)}&`
      url.search =
        `${own}common_name=${queryEscape(Buffer.from(commonName))}&remote_ip=${queryEscape(Buffer.from(remoteIp))}` +
        `&secret=${queryEscape(secret)}&tls=${isTls}`
    } else {
      body = {
        body: goJson({
          common_name: [commonName],
          remote_ip: [remoteIp],
          secret: [secret.toString()],
          tls: [String(isTls)],
        }),
      }
    }
    const { status, text } = await client.ask(url, { method, signal, ...body })
    // The answer is not repeated here: it may repeat the secret.
    if (status !== 200) throw new Error(`it answered ${status}`)
    return new Grant(text)
  }
}

/** As Go's `url.QueryEscape`: byte by byte, for a secret need not be UTF-8. */
function queryEscape(bytes: Buffer): string {
  let text = ''
  for (const byte of bytes) {
    const char = String.fromCharCode(byte)
    if (/[A-Za-z0-9_.~-]/.test(char)) text += char
    else if (char === ' ') text += '+'
    else text += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return text
}
