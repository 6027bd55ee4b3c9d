// Reads regular expressions in the syntax of RE2, which auth servers for nsqd and users of nsq_to_file write.

import {
  addAll,
  addRange,
  ANY_CHAR,
  type CharSet,
  complement,
  foldCase,
  onlyChar,
  PERL_CLASSES,
  POSIX_CLASSES,
} from './char-set.ts'

/** What stands between characters: the beginning or the end of the name, or where a word begins or ends. */
export type Assertion = 'start' | 'end' | 'wordBoundary' | 'noWordBoundary'

export type PatternNode =
  | { readonly kind: 'char'; readonly set: CharSet }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'either'; readonly options: readonly PatternNode[] }
  | {
      readonly kind: 'repeat'
      readonly node: PatternNode
      readonly min: number
      readonly max: number
    }

/** An expression that cannot be used. */
export class PatternError extends Error {
  override readonly name = 'PatternError'
  readonly code = 'ERR_PATTERN'

  constructor(expression: string, reason: string) {
    super(`expression ${JSON.stringify(expression.slice(0, 100))}: ${reason}`)
  }
}

const MAX_EXPRESSION_LENGTH = 1_000
const MAX_REPEAT = 1_000
const ASSERTIONS: ReadonlyMap<string, Assertion> = new Map([
  ['A', 'start'],
  ['z', 'end'],
  ['b', 'wordBoundary'],
  ['B', 'noWordBoundary'],
])
const CONTROL_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['a', '\u0007'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
])
const REPEAT = /\{(\d+)(?:(,)(\d*))?\}/y
const GROUP_NAME = /P?<[A-Za-z0-9_]+>/y
const FLAGS = /([imsU]*)(?:-([imsU]+))?([:)])/y
const HEX = /x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/y
const POSIX = /\[:(\^?)([a-z]+):\]/y

/** @throws {PatternError} for what RE2 refuses, and for the few things of it that names have no use for (`\p`, `\Q`, octal). */
export function parsePattern(expression: string): PatternNode {
  return new PatternParser(expression).parse()
}

class PatternParser {
  readonly #text: string
  #at = 0
  #ignoresCase = false

  constructor(expression: string) {
    this.#text = expression
    if (expression.length > MAX_EXPRESSION_LENGTH) this.#refuse('it is too long')
  }

  parse(): PatternNode {
    const node = this.#alternatives()
    if (this.#at < this.#text.length) this.#refuse('unexpected )')
    return node
  }

  /** alternatives => sequence(|sequence)* */
  #alternatives(): PatternNode {
    const options = [this.#sequence()]
    while (this.#takes('|')) options.push(this.#sequence())
    return options.length === 1 ? options[0]! : { kind: 'either', options }
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = []
    while (this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at]!)) {
      const atom = this.#atom()
      if (atom !== undefined) parts.push(this.#repeated(atom))
    }
    return { kind: 'sequence', parts }
  }

  /** An atom and how often it comes. That it should come as rarely as may be makes no difference to whether it matches. */
  #repeated(atom: PatternNode): PatternNode {
    const bounds = this.#bounds()
    if (bounds === undefined) return atom
    this.#takes('?')
    if (this.#bounds() !== undefined) this.#refuse('invalid nested repetition operator')
    return { kind: 'repeat', node: atom, ...bounds }
  }

  #bounds(): { min: number; max: number } | undefined {
    if (this.#takes('*')) return { min: 0, max: Infinity }
    if (this.#takes('+')) return { min: 1, max: Infinity }
    if (this.#takes('?')) return { min: 0, max: 1 }
    const match = this.#match(REPEAT)
    if (match === undefined) return undefined
    const min = Number(match[1])
    const most = match[2] === undefined ? min : Number(match[3])
    const max = match[3] === '' ? Infinity : most
    if (max < min || min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT)) {
      this.#refuse('invalid repeat count')
    }
    return { min, max }
  }

  /** Undefined for what stands for nothing itself, such as `(?i)`. */
  #atom(): PatternNode | undefined {
    const char = this.#text[this.#at]!
    if (this.#bounds() !== undefined) this.#refuse('missing argument to repetition operator')
    this.#at += 1
    switch (char) {
      case '(':
        return this.#group()
      case '[':
        return this.#charOf(this.#bracket())
      case '.':
        return { kind: 'char', set: ANY_CHAR }
      case '^':
        return { kind: 'assert', what: 'start' }
      case '$':
        return { kind: 'assert', what: 'end' }
      case '\\':
        return this.#escape()
      default:
        this.#at -= 1
        return this.#charOf(onlyChar(this.#takeChar()))
    }
  }

  #charOf(set: CharSet): PatternNode {
    return { kind: 'char', set: this.#ignoresCase ? foldCase(set) : set }
  }

  #group(): PatternNode | undefined {
    const outer = this.#ignoresCase
    if (this.#takes('?') && this.#match(GROUP_NAME) === undefined) {
      const flags = this.#match(FLAGS) ?? this.#refuse('invalid or unsupported Perl syntax')
      const [, on = '', off = '', end] = flags
      if (on.includes('i')) this.#ignoresCase = true
      if (off.includes('i')) this.#ignoresCase = false
      if (end === ')') return undefined
    }
    const node = this.#alternatives()
    if (!this.#takes(')')) this.#refuse('missing closing )')
    this.#ignoresCase = outer
    return node
  }

  #escape(): PatternNode {
    const letter = this.#text[this.#at] ?? ''
    const what = ASSERTIONS.get(letter)
    if (what !== undefined) {
      this.#at += 1
      return { kind: 'assert', what }
    }
    const set = this.#classEscape()
    return set === undefined ? this.#charOf(onlyChar(this.#charEscape())) : { kind: 'char', set }
  }

  #classEscape(): CharSet | undefined {
    const set = PERL_CLASSES.get(this.#text[this.#at] ?? '')
    if (set !== undefined) this.#at += 1
    return set
  }

  /** What follows a backslash and stands for one character. */
  #charEscape(): string {
    const hex = this.#match(HEX)
    if (hex !== undefined) return this.#codePoint(Number.parseInt(hex[1] ?? hex[2]!, 16))
    if (this.#at === this.#text.length) this.#refuse('trailing backslash')
    const char = this.#takeChar()
    const control = CONTROL_ESCAPES.get(char)
    if (control !== undefined) return control
    // A punctuation mark stands for itself; letters and digits that mean nothing here mean something elsewhere.
    if (!/^[!-/:-@[-`{-~ ]$/.test(char)) {
      this.#refuse(`invalid escape sequence \\${char}`)
    }
    return char
  }

  #codePoint(code: number): string {
    return code <= 0x10ffff ? String.fromCodePoint(code) : this.#refuse('invalid escape sequence')
  }

  /** bracket => ^? (char | char-char | class)+ ] */
  #bracket(): CharSet {
    const set = new Uint8Array(ANY_CHAR.length)
    const isNegated = this.#takes('^')
    let isFirst = true
    while (isFirst || !this.#takes(']')) {
      isFirst = false
      if (this.#at >= this.#text.length) this.#refuse('missing closing ]')
      const known = this.#posixClass() ?? this.#bracketClassEscape()
      if (known === undefined) this.#bracketRange(set)
      else addAll(set, known)
    }
    // Folded before it is turned around: [^a] without case is neither a nor A.
    const folded = this.#ignoresCase ? foldCase(set) : set
    return isNegated ? complement(folded) : folded
  }

  #bracketRange(set: Uint8Array): void {
    const first = this.#bracketChar()
    const isRange = this.#text[this.#at] === '-' && (this.#text[this.#at + 1] ?? ']') !== ']'
    if (!isRange) {
      addRange(set, first, first)
      return
    }
    this.#at += 1
    const last = this.#bracketChar()
    if (last.codePointAt(0)! < first.codePointAt(0)!) this.#refuse('invalid character class range')
    addRange(set, first, last)
  }

  #bracketChar(): string {
    if (this.#at >= this.#text.length) this.#refuse('missing closing ]')
    return this.#takes('\\') ? this.#charEscape() : this.#takeChar()
  }

  #posixClass(): CharSet | undefined {
    const match = this.#match(POSIX)
    if (match === undefined) return undefined
    const set = POSIX_CLASSES.get(match[2]!) ?? this.#refuse('invalid character class')
    return match[1] === '^' ? complement(set) : set
  }

  #bracketClassEscape(): CharSet | undefined {
    if (this.#text[this.#at] !== '\\') return undefined
    this.#at += 1
    const set = this.#classEscape()
    if (set === undefined) this.#at -= 1
    return set
  }

  /** The next character, both halves of one outside the first plane. */
  #takeChar(): string {
    const char = String.fromCodePoint(this.#text.codePointAt(this.#at)!)
    this.#at += char.length
    return char
  }

  #takes(char: string): boolean {
    if (this.#text[this.#at] !== char) return false
    this.#at += 1
    return true
  }

  #match(rule: RegExp): RegExpExecArray | undefined {
    rule.lastIndex = this.#at
    const match = rule.exec(this.#text)
    if (match === null) return undefined
    this.#at = rule.lastIndex
    return match
  }

  #refuse(reason: string): never {
    throw new PatternError(this.#text, reason)
  }
}
