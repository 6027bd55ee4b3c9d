import { lookup } from 'node:dns/promises'
import { ADDRCONFIG } from 'node:dns'
import { isIP, isIPv4 } from 'node:net'

import { hostPort, type Logger, parseListenAddress } from '@tsq/daemon'

import type { Clock } from '../clock.ts'

const REFRESH_MS = 30_000
const RETRY_MS = 5_000
/** An answer with more is no list of nsqlookupd. */
const MAX_RECORDS = 64

/** Finds the IP addresses behind a name. */
export type Resolve = (host: string) => Promise<readonly string[]>

/** What the system says, with IPv6 addresses only where this machine has one. */
export const systemResolve: Resolve = async (host) => {
  const records = await lookup(host, { all: true, hints: ADDRCONFIG })
  return records.map(({ address }) => address)
}

/** One nsqlookupd to connect to. */
export interface Endpoint {
  /** `host:port` to dial, and what log lines call it. */
  readonly address: string
  /** The host that was configured, for its certificate. */
  readonly serverName: string
}

export interface EndpointsOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly resolve: Resolve
  /** Called with all there are whenever they change. */
  onChange(endpoints: readonly Endpoint[]): void
}

/**
 * The nsqlookupd behind the addresses an operator gave. A name stands for as many as it has records, and is looked up
 * again and again, so that they may come and go. While that fails, those known stay.
 */
export class Endpoints {
  readonly #options: EndpointsOptions
  #addresses: readonly string[] = []
  /** IP addresses by name, as last found. */
  readonly #records = new Map<string, readonly string[]>()
  /** Names that could not be looked up the last time. */
  readonly #failing = new Set<string>()
  #cancelTimer: () => void = () => undefined
  #round = 0
  #isStarted = false
  #found: Promise<void> = Promise.resolve()

  constructor(options: EndpointsOptions) {
    this.#options = options
  }

  /** Resolves when every name that is known by now has been looked up once, with success or without. */
  get found(): Promise<void> {
    return this.#found
  }

  get addresses(): readonly string[] {
    return this.#addresses
  }

  /** `host:port` each. */
  set addresses(addresses: readonly string[]) {
    this.#addresses = addresses
    const names = this.#names()
    for (const name of this.#records.keys()) if (!names.includes(name)) this.#records.delete(name)
    for (const name of this.#failing) if (!names.includes(name)) this.#failing.delete(name)
    this.#options.onChange(this.#endpoints())
    if (this.#isStarted) this.#found = this.#refresh()
  }

  start(): void {
    this.#isStarted = true
    this.#found = this.#refresh()
  }

  close(): void {
    this.#isStarted = false
    this.#round += 1
    this.#cancelTimer()
  }

  /** The hosts that are names. */
  #names(): string[] {
    return [...new Set(this.#addresses.map((address) => hostOf(address)).filter(isName))]
  }

  #endpoints(): Endpoint[] {
    const endpoints = this.#addresses.flatMap((address): Endpoint[] => {
      const serverName = hostOf(address)
      if (!isName(serverName)) return [{ address, serverName }]
      const port = portOf(address)
      const records = this.#records.get(serverName) ?? []
      return records.map((ip) => ({ address: hostPort(ip, port), serverName }))
    })
    // Two names may have a record in common.
    return [...new Map(endpoints.map((endpoint) => [endpoint.address, endpoint])).values()]
  }

  async #refresh(): Promise<void> {
    this.#cancelTimer()
    this.#round += 1
    const round = this.#round
    const names = this.#names()
    if (names.length === 0) return
    await Promise.all(names.map((name) => this.#lookUp(name, round)))
    // Meanwhile closed, or given other addresses.
    if (round !== this.#round) return
    const delayMs = names.some((name) => this.#failing.has(name)) ? RETRY_MS : REFRESH_MS
    this.#cancelTimer = this.#options.clock.after(delayMs, () => void this.#refresh())
  }

  async #lookUp(name: string, round: number): Promise<void> {
    const { logger, resolve } = this.#options
    try {
      const records = oneFamily(await resolve(name))
        .slice(0, MAX_RECORDS)
        .toSorted()
      if (records.length === 0) throw new Error('it has no address')
      if (round !== this.#round) return
      this.#failing.delete(name)
      if (records.join() === this.#records.get(name)?.join()) return
      logger.info(`LOOKUPD(${name}): found at ${records.join(' ')}`)
      this.#records.set(name, records)
      this.#options.onChange(this.#endpoints())
    } catch (error) {
      if (round !== this.#round) return
      // A name that stays unknown is one line, not one every few seconds.
      const level = this.#failing.has(name) ? 'debug' : 'error'
      this.#failing.add(name)
      const known = this.#records.has(name) ? '; those known so far stay' : ''
      logger[level](`LOOKUPD(${name}): not looked up - ${(error as Error).message}${known}`)
    }
  }
}

/** A machine with A and AAAA records is one, not two: its IPv4 addresses, or its IPv6 ones where it has no others. */
function oneFamily(ips: readonly string[]): readonly string[] {
  const ipv4 = ips.filter((ip) => isIPv4(ip))
  return ipv4.length > 0 ? ipv4 : ips
}

/** `localhost` is this machine, once, whatever families it has. */
function isName(host: string): boolean {
  return isIP(host) === 0 && host !== 'localhost'
}

function hostOf(address: string): string {
  const parsed = parseListenAddress(address)
  return parsed.kind === 'tcp' ? parsed.host : ''
}

function portOf(address: string): number {
  const parsed = parseListenAddress(address)
  return parsed.kind === 'tcp' ? parsed.port : 0
}
