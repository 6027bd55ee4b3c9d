import { silentLogger } from '@tsq/daemon'

import { Nsqlookupd, type NsqlookupdParts } from '../../src/nsqlookupd.ts'
import type { NsqlookupdOptions } from '../../src/options.ts'

/** A nsqlookupd on ephemeral loopback ports. */
export function startLookupd(
  options: Partial<NsqlookupdOptions> = {},
  parts: NsqlookupdParts = {},
): Promise<Nsqlookupd> {
  const addresses = { tcpAddress: '127.0.0.1:0', httpAddress: '127.0.0.1:0' }
  const given = { ...addresses, broadcastAddress: 'lookupd.test', ...options }
  return Nsqlookupd.start(given, silentLogger(), parts)
}

export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: Headers
}

/** Asks over HTTP; redirects are not followed. */
export async function ask(lookupd: Nsqlookupd, target: string, method = 'GET'): Promise<Answer> {
  const url = `http://${lookupd.httpAddress}${target}`
  const response = await fetch(url, { method, redirect: 'manual' })
  return { status: response.status, body: await response.text(), headers: response.headers }
}

/** The JSON of a 200. */
export async function read<T>(lookupd: Nsqlookupd, target: string): Promise<T> {
  const { status, body } = await ask(lookupd, target)
  if (status !== 200) throw new Error(`${target} answered ${status} ${body}`)
  const value: T = JSON.parse(body)
  return value
}
