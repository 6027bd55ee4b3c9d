// Hot: every FIN, REQ and TOUCH parses an id, every publish writes one.
//
// id => node(10 bits) epoch(14 bits) sequence(40 bits), printed as 16 lower-case hex digits
//
// Node and epoch fill exactly the first six digits, so they are one constant prefix for all messages of a topic;
// the last ten digits are the message's sequence number in its topic, modulo 2^40.

import { MESSAGE_ID_BYTES } from './constants.ts'

/** Node ids are 0…1023. */
export const NODE_ID_LIMIT = 1 << 10
/** Epochs are 0…16383. */
export const EPOCH_LIMIT = 1 << 14
/** Sequence numbers stand in an id modulo this. */
export const SEQUENCE_MODULUS = 2 ** 40

const HEX_DIGITS = '0123456789abcdef'
/** For each byte value its two hex digits, as two ASCII bytes. */
const HIGH_DIGIT = new Uint8Array(256)
const LOW_DIGIT = new Uint8Array(256)
/** For each ASCII byte its value as a lower-case hex digit, or 0x80 where it is none. */
const NIBBLE = new Uint8Array(256).fill(0x80)
for (let i = 0; i < 256; i++) {
  HIGH_DIGIT[i] = HEX_DIGITS.charCodeAt(i >> 4)
  LOW_DIGIT[i] = HEX_DIGITS.charCodeAt(i & 15)
}
for (let i = 0; i < 16; i++) NIBBLE[HEX_DIGITS.charCodeAt(i)] = i

/**
 * The 24 bits that open every id of one topic.
 *
 * @param nodeId 0…1023, as `--node-id`.
 * @param epoch 0…16383; changes when a topic is created anew.
 */
export function idPrefix(nodeId: number, epoch: number): number {
  return nodeId * EPOCH_LIMIT + epoch
}

/** Writes the 16 digits of an id at `offset`. `target` is the caller's. */
export function writeMessageId(
  target: Uint8Array,
  offset: number,
  prefix: number,
  sequence: number,
): void {
  const low = sequence >>> 0
  const high = ((sequence - low) / 4_294_967_296) & 0xff
  writeByte(target, offset, (prefix >>> 16) & 0xff)
  writeByte(target, offset + 2, (prefix >>> 8) & 0xff)
  writeByte(target, offset + 4, prefix & 0xff)
  writeByte(target, offset + 6, high)
  writeByte(target, offset + 8, low >>> 24)
  writeByte(target, offset + 10, (low >>> 16) & 0xff)
  writeByte(target, offset + 12, (low >>> 8) & 0xff)
  writeByte(target, offset + 14, low & 0xff)
}

function writeByte(target: Uint8Array, offset: number, value: number): void {
  target[offset] = HIGH_DIGIT[value]!
  target[offset + 1] = LOW_DIGIT[value]!
}

/** The prefix of the id at `offset`, which must be one. `source` is borrowed for the call. */
export function readIdPrefix(source: Uint8Array, offset: number): number {
  let prefix = 0
  for (let i = 0; i < 6; i++) prefix = (prefix << 4) | (NIBBLE[source[offset + i]!]! & 15)
  return prefix
}

/**
 * The sequence bits of the id at `offset`: 0…2^40 - 1, or -1 where the 16 bytes are no id with this prefix.
 * {@link sequenceNear} turns them into the whole sequence number. `source` is borrowed for the call.
 */
export function readSequenceBits(source: Uint8Array, offset: number, prefix: number): number {
  if (offset + MESSAGE_ID_BYTES > source.length) return -1
  let bad = 0
  let found = 0
  for (let i = 0; i < 6; i++) {
    const nibble = NIBBLE[source[offset + i]!]!
    bad |= nibble
    found = (found << 4) | (nibble & 15)
  }
  let high = 0
  for (let i = 6; i < 11; i++) {
    const nibble = NIBBLE[source[offset + i]!]!
    bad |= nibble
    high = (high << 4) | (nibble & 15)
  }
  let low = 0
  for (let i = 11; i < 16; i++) {
    const nibble = NIBBLE[source[offset + i]!]!
    bad |= nibble
    low = (low << 4) | (nibble & 15)
  }
  if ((bad & 0x80) !== 0 || found !== prefix) return -1
  return high * 0x100000 + low
}

/**
 * The sequence number nearest to `reference` whose low 40 bits are `bits`. Right as long as what is looked for lies
 * within 2^39 of the reference, which every message that waits or is in flight does.
 */
export function sequenceNear(bits: number, reference: number): number {
  const base = Math.floor(reference / SEQUENCE_MODULUS) * SEQUENCE_MODULUS
  const sequence = base + bits
  if (sequence - reference > SEQUENCE_MODULUS / 2 && base > 0) return sequence - SEQUENCE_MODULUS
  if (reference - sequence > SEQUENCE_MODULUS / 2) return sequence + SEQUENCE_MODULUS
  return sequence
}
