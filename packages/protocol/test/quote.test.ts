import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { quoteBytes } from '../src/index.ts'

function quoted(text: string): string {
  return quoteBytes(Buffer.from(text))
}

test('printable text is kept as it is', () => {
  assert.equal(quoted(''), '""')
  assert.equal(quoted('orders.v2'), '"orders.v2"')
  assert.equal(quoted('a b ~!'), '"a b ~!"')
  assert.equal(quoted('Grüße, 世界 😀 é'), '"Grüße, 世界 😀 é"')
  assert.equal(quoted('\ufffd'), '"\ufffd"')
})

test('quotes, backslashes and the usual control characters get short escapes', () => {
  assert.equal(quoted('"'), String.raw`"\""`)
  assert.equal(quoted('\\'), String.raw`"\\"`)
  assert.equal(quoteBytes(Uint8Array.of(7, 8, 9, 10, 11, 12, 13)), String.raw`"\a\b\t\n\v\f\r"`)
})

test('other control bytes and DEL are hex', () => {
  assert.equal(
    quoteBytes(Uint8Array.of(0, 1, 0x0e, 0x1f, 0x7f)),
    String.raw`"\x00\x01\x0e\x1f\x7f"`,
  )
})

test('bytes that are not UTF-8 are hex, one by one', () => {
  const cases: [number[], string][] = [
    [[0x80], String.raw`"\x80"`],
    [[0xff, 0xfe], String.raw`"\xff\xfe"`],
    [[0xc3], String.raw`"\xc3"`],
    [[0xc3, 0x41], String.raw`"\xc3A"`],
    [[0xc0, 0x80], String.raw`"\xc0\x80"`],
    [[0xe2, 0x82, 0x41], String.raw`"\xe2\x82A"`],
    [[0xe0, 0x80, 0x80], String.raw`"\xe0\x80\x80"`],
    [[0xed, 0xa0, 0x80], String.raw`"\xed\xa0\x80"`],
    [[0xf0, 0x9f, 0x98], String.raw`"\xf0\x9f\x98"`],
    [[0xf4, 0x90, 0x80, 0x80], String.raw`"\xf4\x90\x80\x80"`],
    [[0xf5, 0x80], String.raw`"\xf5\x80"`],
    [[0xc3, 0xa9, 0xc3], String.raw`"é\xc3"`],
  ]
  for (const [bytes, expected] of cases) assert.equal(quoteBytes(Uint8Array.from(bytes)), expected)
})

test('other characters that do not print are code points', () => {
  assert.equal(quoted('\u0080\u009f'), String.raw`"\u0080\u009f"`)
  assert.equal(quoted('\u00a0'), String.raw`"\u00a0"`)
  assert.equal(quoted('\u00ad'), String.raw`"\u00ad"`)
  assert.equal(quoted('\u2028'), String.raw`"\u2028"`)
  assert.equal(quoted('\ufeffa'), String.raw`"\ufeffa"`)
  assert.equal(quoted('\ue000'), String.raw`"\ue000"`)
  assert.equal(quoted('\u{e0001}'), String.raw`"\U000e0001"`)
  assert.equal(quoted('\u{10ffff}'), String.raw`"\U0010ffff"`)
})

test('what was quoted can be read back, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      assert.deepEqual(unquote(quoteBytes(bytes)), Buffer.from(bytes))
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
      assert.deepEqual(unquote(quoted(text)), Buffer.from(text))
    }),
  )
})

const SHORT: Record<string, string> = {
  a: '\x07',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  '"': '"',
  '\\': '\\',
}

function unquote(literal: string): Buffer {
  const escape = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))|([^\\])/gsu
  assert.ok(literal.startsWith('"') && literal.endsWith('"'))
  const parts: Buffer[] = []
  for (const match of literal.slice(1, -1).matchAll(escape)) {
    const [, byte, short, long, letter, plain] = match
    if (byte !== undefined) parts.push(Buffer.from(byte, 'hex'))
    else if (plain !== undefined) parts.push(Buffer.from(plain))
    else if (letter !== undefined) parts.push(Buffer.from(SHORT[letter]!))
    else parts.push(Buffer.from(String.fromCodePoint(Number.parseInt(short ?? long!, 16))))
  }
  return Buffer.concat(parts)
}
