// Sets of ASCII characters. Names of topics and channels consist of no others.

const SIZE = 128

/** One byte a character: whether it belongs. */
export type CharSet = Readonly<Uint8Array>

/** @param ranges such as `az09_`: pairs of first and last. */
function ofRanges(ranges: string): CharSet {
  const set = new Uint8Array(SIZE)
  for (let i = 0; i < ranges.length; i += 2) addRange(set, ranges[i]!, ranges[i + 1]!)
  return set
}

export function addRange(set: Uint8Array, first: string, last: string): void {
  const end = Math.min(last.codePointAt(0)!, SIZE - 1)
  for (let code = first.codePointAt(0)!; code <= end; code++) set[code] = 1
}

export function addAll(set: Uint8Array, other: CharSet): void {
  for (let code = 0; code < SIZE; code++) if (other[code] === 1) set[code] = 1
}

export function complement(set: CharSet): CharSet {
  return Uint8Array.from(set, (bit) => 1 - bit)
}

/** The set with both cases of every letter in it. */
export function foldCase(set: CharSet): CharSet {
  const folded = Uint8Array.from(set)
  for (let code = 65; code <= 90; code++) {
    if (set[code] === 1 || set[code + 32] === 1) folded[code] = folded[code + 32] = 1
  }
  return folded
}

export function onlyChar(char: string): CharSet {
  const set = new Uint8Array(SIZE)
  addRange(set, char, char)
  return set
}

export const ANY_CHAR: CharSet = new Uint8Array(SIZE).fill(1)
/** What `\b` calls a word, and `\w`. */
export const WORD = ofRanges('09AZaz__')

const DIGIT = ofRanges('09')
const SPACE = ofRanges('\t\n\f\r  ')

/** By the letter after the backslash. */
export const PERL_CLASSES: ReadonlyMap<string, CharSet> = new Map([
  ['d', DIGIT],
  ['D', complement(DIGIT)],
  ['s', SPACE],
  ['S', complement(SPACE)],
  ['w', WORD],
  ['W', complement(WORD)],
])

/** By the name in `[[:name:]]`. */
export const POSIX_CLASSES: ReadonlyMap<string, CharSet> = new Map([
  ['alnum', ofRanges('09AZaz')],
  ['alpha', ofRanges('AZaz')],
  ['ascii', ANY_CHAR],
  ['blank', ofRanges('\t\t  ')],
  ['cntrl', ofRanges('\u0000\u001f\u007f\u007f')],
  ['digit', DIGIT],
  ['graph', ofRanges('!~')],
  ['lower', ofRanges('az')],
  ['print', ofRanges(' ~')],
  ['punct', ofRanges('!/:@[`{~')],
  ['space', ofRanges('\t\r  ')],
  ['upper', ofRanges('AZ')],
  ['word', WORD],
  ['xdigit', ofRanges('09AFaf')],
])
