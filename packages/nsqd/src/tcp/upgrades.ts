// What IDENTIFY may grant beside fields, and the order in which it comes into force: TLS, OK, compression, OK.

import { ProtocolError } from '@tsq/protocol'

import type { NsqdOptions } from '../options.ts'
import type { TlsAcceptor } from '@tsq/daemon'
import type { Compression, Transport } from './transport.ts'

const DEFAULT_DEFLATE_LEVEL = 6

/** What a client asked for. */
export interface WantedUpgrades {
  readonly tls: boolean
  readonly snappy: boolean
  readonly deflate: boolean
  /** 0 or less for nsqd's choice. */
  readonly deflateLevel: number
}

/** What it gets. */
export interface Upgrades {
  readonly tls: boolean
  readonly compression: Compression | undefined
  /** Answered whether deflate is granted or not. */
  readonly deflateLevel: number
}

export const NO_UPGRADES: Upgrades = {
  tls: false,
  compression: undefined,
  deflateLevel: DEFAULT_DEFLATE_LEVEL,
}

/** @throws {ProtocolError} `E_IDENTIFY_FAILED` for two compressions at once. */
export function grantUpgrades(
  wanted: WantedUpgrades,
  options: NsqdOptions,
  hasCertificate: boolean,
): Upgrades {
  const deflate = wanted.deflate && options.deflate
  const snappy = wanted.snappy && options.snappy
  if (deflate && snappy) {
    throw new ProtocolError(
      'E_IDENTIFY_FAILED',
      'cannot enable both deflate and snappy compression',
    )
  }
  const wantedLevel = deflate && wanted.deflateLevel > 0 ? wanted.deflateLevel : undefined
  const level = Math.min(wantedLevel ?? DEFAULT_DEFLATE_LEVEL, options.maxDeflateLevel)
  let compression: Compression | undefined
  if (deflate) compression = { name: 'deflate', level }
  if (snappy) compression = { name: 'snappy' }
  return { tls: wanted.tls && hasCertificate, compression, deflateLevel: level }
}

export interface UpgradeEvents {
  /** A layer is in place: `OK` goes through it. */
  confirm(): void
  succeeded(): void
  /** The session answers `why` by what it can still send through, and closes. */
  failed(why: string): void
}

/** Puts in place what was granted, once the answer to IDENTIFY has left. */
export class UpgradeSequence {
  readonly #upgrades: Upgrades
  readonly #transport: Transport
  readonly #acceptor: TlsAcceptor | undefined
  readonly #events: UpgradeEvents
  #hasBegun = false

  constructor(
    upgrades: Upgrades,
    transport: Transport,
    acceptor: TlsAcceptor | undefined,
    events: UpgradeEvents,
  ) {
    this.#upgrades = upgrades
    this.#transport = transport
    this.#acceptor = acceptor
    this.#events = events
  }

  /** May be called again. */
  begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    if (!this.#upgrades.tls) {
      this.#compress()
      return
    }
    this.#transport.startTls(this.#acceptor!, ({ socket, problem }) => {
      if (problem !== undefined) {
        this.#events.failed(problem)
        return
      }
      if (socket === undefined) return
      this.#events.confirm()
      this.#compress()
    })
  }

  #compress(): void {
    const { compression } = this.#upgrades
    if (compression !== undefined) {
      this.#transport.compress(compression)
      this.#events.confirm()
    }
    this.#events.succeeded()
  }
}
