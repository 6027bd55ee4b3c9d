// The few bytes of NSQ V2 a load generator needs, written by hand and apart from `protocol`:
// a benchmark that shared the codec with the broker could not see a fault in it.

import { randomFillSync } from 'node:crypto'

export const FRAME_TYPE_RESPONSE = 0
export const FRAME_TYPE_ERROR = 1
export const FRAME_TYPE_MESSAGE = 2

/** size(4) type(4), then the data. */
export const FRAME_HEADER_BYTES = 8
/** Where things stand in a message frame, counted from its size field. */
export const ID_AT = 18
export const BODY_AT = 34

// body => intended send time(float64, ns on the monotonic clock; 0 when unused)  sequence(uint32)  filler
export const BODY_TIME_AT = 0
export const BODY_SEQUENCE_AT = 8
export const MIN_BODY_BYTES = 12

export const MAGIC = Buffer.from('  V2')
export const NOP = Buffer.from('NOP\n')

/** Enough for some hours. */
const DELAY_DIGITS = 8

/** `FIN <16-byte id>\n` */
export const FIN_BYTES = 21

/** Nanoseconds of CLOCK_MONOTONIC, which all processes and threads of a machine share. */
export function monotonicNs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e9 + nanoseconds
}

/** IDENTIFY without feature negotiation, so that the answer is a plain OK. */
export function identify(): Buffer {
  const body = Buffer.from(JSON.stringify({ client_id: 'bench', user_agent: 'tsq-bench' }))
  return Buffer.concat([Buffer.from('IDENTIFY\n'), uint32(body.length), body])
}

export function subscribe(topic: string, channel: string): Buffer {
  return Buffer.from(`SUB ${topic} ${channel}\n`)
}

export function ready(count: number): Buffer {
  return Buffer.from(`RDY ${count}\n`)
}

/** A whole PUB, DPUB or MPUB, built once; between sends only the sequence numbers in it change, and the delay. */
export interface PublishCommand {
  readonly bytes: Buffer
  readonly view: DataView
  /** Where the first body begins. */
  readonly bodyAt: number
  /** How far it is from one body to the next. */
  readonly stride: number
  /** Where the digits of a DPUB's delay begin. */
  readonly delayAt: number
}

// PUB  => "PUB " topic LF size(uint32) body
// DPUB => "DPUB " topic " " delay(ms, decimal) LF size(uint32) body
// MPUB => "MPUB " topic LF size(uint32) count(uint32) (size(uint32) body)*
export function publishCommand(
  topic: string,
  batch: number,
  bodyBytes: number,
  isDeferred = false,
): PublishCommand {
  const body = randomFillSync(Buffer.alloc(bodyBytes))
  body.fill(0, 0, MIN_BODY_BYTES)
  const stride = 4 + bodyBytes
  const messages = Buffer.concat(
    Array.from({ length: batch }, () => [uint32(bodyBytes), body]).flat(),
  )
  const single = isDeferred ? `DPUB ${topic} ${delayDigits(0)}\n` : `PUB ${topic}\n`
  const head =
    batch === 1
      ? Buffer.from(single)
      : Buffer.concat([Buffer.from(`MPUB ${topic}\n`), uint32(4 + messages.length), uint32(batch)])
  const bytes = Buffer.concat([head, messages])
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return { bytes, view, bodyAt: head.length + 4, stride, delayAt: head.length - 1 - DELAY_DIGITS }
}

/** A delay of DPUB, always as long. */
export function delayDigits(delayMs: number): string {
  return String(Math.max(0, Math.round(delayMs))).padStart(DELAY_DIGITS, '0')
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
