// IDENTIFY that asks for TLS, deflate and snappy in every combination, and what a client may do wrong on the way.
import { type Command, line, sized } from './differential-commands.ts'
import type { Random } from '@tsq/testing'
import type { Upgrade } from './differential-script.ts'

/** Both nsqds are left one cipher to choose, so that `/stats` tells the same of both. */
const ciphers = {
  'TLSv1.2': [
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-RSA-CHACHA20-POLY1305',
    'AES128-GCM-SHA256',
  ],
  'TLSv1.3': ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
} as const

/** Long enough for both to see that it is none. */
const handshakeless = [
  'NOP\nNOP\n',
  'GET / HTTP/1.0\r\n\r\n',
  '\0\0\0\0\0\0\0\0',
  '\x16\x03\x01\0\x05hello',
  '  V2  V2',
]

/** @param isTlsRequired TLS is always asked for. */
export function upgrade(random: Random, clientId: string, isTlsRequired: boolean): Command {
  const members = [`"client_id":${JSON.stringify(clientId)}`]
  if (isTlsRequired || random.chance(0.5)) members.push('"tls_v1":true')
  const compression = random.weighted([
    [3, []],
    [3, ['"deflate":true']],
    [3, ['"snappy":true']],
    [0.5, ['"deflate":true', '"snappy":true']],
  ])
  members.push(...compression)
  if (random.chance(0.5)) {
    members.push(
      `"deflate_level":${random.pick(['0', '-1', '1', '2', '3', '6', '9', '99', 'null'])}`,
    )
  }
  if (random.chance(0.3)) {
    // Not -1: with compression the reference then sits on messages.
    members.push(`"output_buffer_size":${random.pick(['0', '64', '65536'])}`)
  }
  if (random.chance(0.2)) members.push('"user_agent":"upgrading/1.0"')
  members.push(`"feature_negotiation":${isTlsRequired || random.chance(0.95)}`)
  const body = Buffer.from(`{${members.join(',')}}`)
  return { parts: [line('IDENTIFY'), sized(body)], hasAnswer: true, upgrade: manner(random) }
}

/** One that ends with the TLS handshake, or what is sent in its place. */
export function badUpgrade(random: Random, clientId: string, mayLackCertificate: boolean): Command {
  const bad = random.chance(0.5) && mayLackCertificate
  return {
    ...upgrade(random, clientId, true),
    upgrade: bad
      ? { ...manner(random), certificate: random.pick(['none', 'stranger']) }
      : { ...manner(random), insteadOfTls: Buffer.from(random.pick(handshakeless), 'latin1') },
  }
}

function manner(random: Random): Upgrade {
  const tlsVersion = random.pick(['TLSv1.2', 'TLSv1.3'] as const)
  return {
    tlsVersion,
    cipher: random.pick(ciphers[tlsVersion]),
    certificate: 'good',
    insteadOfTls: undefined,
    pieceBytes: random.pick([3, 17, 65_536, 65_536]),
  }
}

/** What is no compressed stream. */
export function garbage(random: Random): Command {
  const bytes = random.pick([
    // Not a chunk that is to be passed over: the reference limits those.
    // Nor a block that deflate knows: what comes of one before it breaks depends on the library.
    () => notDeflate(random.bytes(random.between(1, 40)).map((byte) => byte & 0x7f)),
    () => Buffer.from('NOP\nNOP\n'),
    () => Buffer.from('\xff\x06\0\0sNaPpY\x01\x04\0\0abcd', 'latin1'),
    () => Buffer.from('\xff\x06\0\0sNaPpX', 'latin1'),
    () => Buffer.from('\x02\0\0\0', 'latin1'),
    () => Buffer.alloc(12),
    () => Buffer.alloc(12, 0xff),
  ])()
  return { parts: [bytes], hasAnswer: false, isRaw: true, isTruncated: true }
}

/** The first bits name a kind of block that there is not. */
function notDeflate(bytes: Uint8Array): Buffer {
  const changed = Buffer.from(bytes)
  changed[0]! |= 0b110
  return changed
}
