// Topic and channel names, good and bad, and the odd bytes that may stand in a command.
import type { Random } from '@tsq/testing'

const LONGEST = 64
const SUFFIX = '#ephemeral'

/** A name that no nsqd takes, as the bytes to send. Without space and line feed, which would end it. */
export function badName(random: Random): Buffer {
  return random.pick([
    () => Buffer.alloc(0),
    () => Buffer.from('x'.repeat(LONGEST + 1)),
    () => Buffer.from('y'.repeat(LONGEST - SUFFIX.length + 1) + SUFFIX),
    () => Buffer.from(SUFFIX),
    () => Buffer.from('a#b'),
    () => Buffer.from(`a${SUFFIX}2`),
    () => Buffer.from(`a${SUFFIX}${SUFFIX}`),
    () => Buffer.from('quo"te\\back'),
    () => Buffer.from('tab\tbell\x07'),
    () => Buffer.from('del\x7f'),
    () => Buffer.from('grün€𝄞'),
    () => Buffer.from('zero\u200bwidth\u00ad\ufeff'),
    () => Buffer.from('\u{e0001}\u2028'),
    () => Buffer.from([0xff, 0xc3, 0x41, 0xe2, 0x82]),
    () => Buffer.from([0xed, 0xa0, 0x80, 0xc0, 0x80]),
    () => Buffer.from('a/b'),
    () => withoutSeparators(random.bytes(random.between(1, 12))),
  ])()
}

/** What may be written for a number where digits are due. */
export function oddNumber(random: Random): string {
  return random.pick([
    '',
    '-1',
    '+1',
    '1.5',
    'abc',
    '0x10',
    '1e3',
    '00',
    '1_000',
    '０',
    '5\t',
    'é',
    '"',
    '1000000',
    '3600000',
    '3600001',
    '9007199254740991',
    '9007199254740993',
    '\xff\xfe',
  ])
}

export function withoutSeparators(bytes: Buffer): Buffer {
  return Buffer.from(bytes.filter((byte) => byte !== 0x20 && byte !== 0x0a))
}
