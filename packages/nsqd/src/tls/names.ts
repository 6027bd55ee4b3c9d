// What statistics call a connection's version of TLS and cipher suite.

import type { TLSSocket } from 'node:tls'

/** A connection's TLS as `/stats` shows it. */
export interface TlsFigures {
  /** `TLS1.0`…`TLS1.3` */
  readonly version: string
  /** IANA's name, or `Unknown` and the number for the suites that nsqd has no name for. */
  readonly cipherSuite: string
}

/** Suites that nsqd shows by name. */
const NAMED: ReadonlySet<string> = new Set([
  'TLS_RSA_WITH_RC4_128_SHA',
  'TLS_RSA_WITH_3DES_EDE_CBC_SHA',
  'TLS_RSA_WITH_AES_128_CBC_SHA',
  'TLS_RSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_RC4_128_SHA',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_RC4_128_SHA',
  'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
])

/** Numbers of the others that Node negotiates unless told otherwise. */
const NUMBERS: Readonly<Record<string, number>> = {
  TLS_AES_128_GCM_SHA256: 0x1301,
  TLS_AES_256_GCM_SHA384: 0x1302,
  TLS_CHACHA20_POLY1305_SHA256: 0x1303,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 0xc02c,
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 0xc030,
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 0xcca8,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 0xcca9,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 0xc023,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384: 0xc024,
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 0xc027,
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384: 0xc028,
  TLS_RSA_WITH_AES_128_GCM_SHA256: 0x009c,
  TLS_RSA_WITH_AES_256_GCM_SHA384: 0x009d,
  TLS_RSA_WITH_AES_128_CBC_SHA256: 0x003c,
  TLS_RSA_WITH_AES_256_CBC_SHA256: 0x003d,
}

export function tlsFigures(socket: TLSSocket): TlsFigures {
  const protocol = socket.getProtocol() ?? ''
  const suite = socket.getCipher()?.standardName ?? ''
  const version = protocol === 'TLSv1' ? 'TLS1.0' : protocol.replace('TLSv', 'TLS')
  return { version, cipherSuite: suiteName(suite) }
}

/** @param suite IANA's name. */
export function suiteName(suite: string): string {
  if (NAMED.has(suite)) return suite
  const number = NUMBERS[suite]
  return number === undefined ? suite : `Unknown ${number}`
}
