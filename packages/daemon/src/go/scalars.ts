// Numbers and truth values as Go's flag package and strconv read them, because NSQ's command lines are
// written that way.

/** Why a number was refused, in the words of Go's flag package. */
export type GoNumberProblem = 'parse error' | 'value out of range'

const GO_INTEGER =
  /^[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/
const GO_FLOAT = /^[+-]?(?:[0-9](?:_?[0-9])*\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/

/**
 * Reads an integer as Go does with base 0: decimal, `0x`, `0b`, `0o` or a leading `0` for octal, and `_`
 * between digits. Numbers a double can't hold exactly are out of range.
 */
export function parseGoInteger(text: string): number | GoNumberProblem {
  if (!GO_INTEGER.test(text)) return 'parse error'
  const isNegative = text.startsWith('-')
  const digits = text.replace(/^[+-]/, '').replaceAll('_', '')
  // BigInt knows 0x, 0b and 0o but reads a leading 0 as decimal.
  const value = Number(BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits))
  if (!Number.isSafeInteger(value)) return 'value out of range'
  return isNegative && value !== 0 ? -value : value
}

/** Reads a decimal floating point number; hexadecimal floats, infinities and NaN are refused. */
export function parseGoFloat(text: string): number | GoNumberProblem {
  if (!GO_FLOAT.test(text)) return 'parse error'
  const value = Number(text.replaceAll('_', ''))
  return Number.isFinite(value) ? value : 'value out of range'
}

const TRUE_WORDS: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const FALSE_WORDS: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

/** Reads one of the twelve words Go takes for true and false; undefined for any other. */
export function parseGoBoolean(text: string): boolean | undefined {
  if (TRUE_WORDS.has(text)) return true
  return FALSE_WORDS.has(text) ? false : undefined
}

/** Text in double quotes with what would garble a terminal escaped, like Go's `%q`. */
export function goQuote(text: string): string {
  return JSON.stringify(text)
}
