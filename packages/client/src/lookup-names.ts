// What DNS says of the names of nsqlookupd: one name may stand for several.

import { ADDRCONFIG } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP, isIPv4 } from 'node:net'
import type { LookupTarget } from './lookup.ts'

const LIMIT_MS = 5_000
/** An answer with more is no list of nsqlookupd. */
const MAX_RECORDS = 64

/** Finds the IP addresses behind a name. */
export type Resolve = (host: string) => Promise<readonly string[]>

/** What the system says, with IPv6 addresses only where this machine has one. */
const systemResolve: Resolve = async (host) => {
  const records = await lookup(host, { all: true, hints: ADDRCONFIG })
  return records.map(({ address }) => address)
}

/** Keeps what was last found, for while nothing can be. */
export class LookupNames {
  readonly #resolve: Resolve
  readonly #records = new Map<string, readonly string[]>()

  constructor(resolve: Resolve = systemResolve) {
    this.#resolve = resolve
  }

  /** Every nsqlookupd the URL stands for, each to be asked. Never rejects. */
  async targetsOf(url: URL): Promise<LookupTarget[]> {
    const host = url.hostname
    // `localhost` is this machine, once, whatever families it has.
    if (isIP(host.replace(/^\[|\]$/g, '')) !== 0 || host === 'localhost') return [{ url }]
    try {
      const records = oneFamily(await withinLimit(this.#resolve(host)))
      if (records.length > 0) this.#records.set(host, records.slice(0, MAX_RECORDS))
    } catch {
      // Those known stay; where there are none, asking tells what is wrong.
    }
    const known = this.#records.get(host) ?? []
    return known.length === 0 ? [{ url }] : known.map((ip) => ({ url, ip }))
  }
}

/** A machine with A and AAAA records is one, not two: its IPv4 addresses, or its IPv6 ones where it has no others. */
function oneFamily(ips: readonly string[]): readonly string[] {
  const ipv4 = ips.filter((ip) => isIPv4(ip))
  return ipv4.length > 0 ? ipv4 : ips
}

function withinLimit<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${LIMIT_MS} ms`)), LIMIT_MS)
    timer.unref()
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
