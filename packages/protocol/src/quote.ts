const SHORT_ESCAPES: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
}

const decoder = new TextDecoder('utf-8', { fatal: true })
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u

/**
 * Renders bytes as a double-quoted literal the way NSQ's error texts do: short escapes, `\xNN` for other control
 * bytes and for bytes that are not UTF-8, printable Unicode as it is, `\uNNNN` / `\UNNNNNNNN` for the rest.
 *
 * @param bytes borrowed for the length of the call.
 */
export function quoteBytes(bytes: Uint8Array): string {
  let text = '"'
  let at = 0
  while (at < bytes.length) {
    const first = bytes[at]!
    const length = utf8Length(first)
    const character = length === 0 ? undefined : decode(bytes.subarray(at, at + length))
    if (character === undefined) {
      text += hexEscape(first)
      at += 1
      continue
    }
    text += escapeCharacter(character)
    at += length
  }
  return text + '"'
}

function escapeCharacter(character: string): string {
  const point = character.codePointAt(0)!
  const short = SHORT_ESCAPES[point]
  if (short !== undefined) return short
  if (point < 0x20 || point === 0x7f) return hexEscape(point)
  if (PRINTABLE.test(character)) return character
  return point > 0xffff
    ? `\\U${point.toString(16).padStart(8, '0')}`
    : `\\u${point.toString(16).padStart(4, '0')}`
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`
}

function utf8Length(first: number): number {
  if (first < 0x80) return 1
  if (first >= 0xc2 && first < 0xe0) return 2
  if (first >= 0xe0 && first < 0xf0) return 3
  if (first >= 0xf0 && first < 0xf5) return 4
  return 0
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    // Keep a byte order mark: it is data here.
    const text = decoder.decode(bytes)
    return text === '' ? '\ufeff' : text
  } catch {
    return undefined
  }
}
