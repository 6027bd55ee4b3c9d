// The kinds of options a table is written with. Each function gives one row.

import { formatGoDuration, parseGoDuration } from '../go/duration.ts'
import { goQuote, parseGoBoolean, parseGoFloat, parseGoInteger } from '../go/scalars.ts'
import { describe, OptionValueError, showValue } from './option.ts'
import type { Option, OptionDescription } from './option.ts'

interface Ranged {
  /** Least allowed value, itself allowed. */
  readonly min?: number
  /** Greatest allowed value, itself allowed. */
  readonly max?: number
}

/** A span of time. The value is in milliseconds, with a fraction for anything finer. */
export function duration(
  spec: OptionDescription<number> & Ranged & { readonly default: number },
): Option<number> {
  return {
    ...describe(spec, spec.default === 0 ? '' : formatGoDuration(spec.default)),
    kind: 'duration',
    default: spec.default,
    typeName: 'duration',
    ...plainFlag,
    parse: (value) => parseGoDuration(value) ?? refuse('parse error'),
    fromConfig: (value) => {
      if (typeof value === 'bigint') return Number(value)
      if (typeof value !== 'string') return refuse(`write "60s", or an integer of milliseconds`)
      return parseGoDuration(value) ?? refuse(`time: invalid duration ${goQuote(value)}`)
    },
    append: last,
    problem: (value) =>
      typeof value === 'number' && Number.isFinite(value)
        ? (outOfRange(value, spec, formatGoDuration) ?? spec.check?.(value))
        : 'must be a number of milliseconds',
    format: formatGoDuration,
  }
}

/** A whole number. */
export function integer(
  spec: OptionDescription<number> & Ranged & { readonly default: number },
): Option<number> {
  return {
    ...describe(spec, spec.default === 0 ? '' : String(spec.default)),
    kind: 'integer',
    default: spec.default,
    typeName: 'int',
    ...plainFlag,
    parse: readInteger,
    fromConfig: (value) => {
      if (typeof value === 'string') return readInteger(value)
      if (typeof value !== 'bigint') return refuse('write an integer')
      return Number.isSafeInteger(Number(value)) ? Number(value) : refuse('value out of range')
    },
    append: last,
    problem: (value) =>
      typeof value === 'number' && Number.isSafeInteger(value)
        ? (outOfRange(value, spec, String) ?? spec.check?.(value))
        : 'must be an integer',
    format: String,
  }
}

/** A number that need not be whole. */
export function float(
  spec: OptionDescription<number> & Ranged & { readonly default: number },
): Option<number> {
  return {
    ...describe(spec, spec.default === 0 ? '' : String(spec.default)),
    kind: 'float',
    default: spec.default,
    typeName: 'float',
    ...plainFlag,
    parse: readFloat,
    fromConfig: (value) => {
      if (typeof value === 'string') return readFloat(value)
      return isTomlNumber(value) ? Number(value) : refuse('write a number')
    },
    append: last,
    problem: (value) =>
      typeof value === 'number' && Number.isFinite(value)
        ? (outOfRange(value, spec, String) ?? spec.check?.(value))
        : 'must be a number',
    format: String,
  }
}

/** Any text. */
export function text(
  spec: OptionDescription<string> & { readonly default: string },
): Option<string> {
  return {
    ...describe(spec, spec.default === '' ? '' : goQuote(spec.default)),
    kind: 'text',
    default: spec.default,
    typeName: 'string',
    ...plainFlag,
    parse: (value) => value,
    fromConfig: (value) => (typeof value === 'string' ? value : refuse('write text in quotes')),
    append: last,
    problem: (value) => (typeof value === 'string' ? spec.check?.(value) : 'must be text'),
    format: (value) => value,
  }
}

/** A yes or no. The bare flag means yes. */
export function boolean(
  spec: OptionDescription<boolean> & { readonly default: boolean },
): Option<boolean> {
  return {
    ...describe(spec, spec.default ? 'true' : ''),
    kind: 'boolean',
    default: spec.default,
    typeName: '',
    ...plainFlag,
    isBooleanFlag: true,
    parse: (value) => parseGoBoolean(value) ?? refuse('parse error'),
    fromConfig: (value) => {
      if (typeof value === 'boolean') return value
      // nsqd reads 0 as true and 1 as false; nobody can have meant that.
      if (typeof value === 'bigint') return refuse(`write true or false, not ${value}`)
      if (typeof value !== 'string') return refuse('write true or false')
      return parseGoBoolean(value) ?? refuse(`${goQuote(value)} is neither true nor false`)
    },
    append: last,
    problem: (value) =>
      typeof value === 'boolean' ? spec.check?.(value) : 'must be true or false',
    format: String,
  }
}

/** One of a few words. */
export function choice<const T extends string>(
  spec: OptionDescription<T> & {
    readonly choices: readonly T[]
    readonly default: NoInfer<T>
    readonly ignoreCase?: boolean
    /** The reason shown for a word that isn't one of the choices. */
    readonly invalid?: (text: string) => string
  },
): Option<T> {
  const { choices, ignoreCase = false } = spec
  const invalid = spec.invalid ?? (() => `must be ${oneOf(choices)}`)
  const find = (value: string): T | undefined => {
    const wanted = ignoreCase ? value.toLowerCase() : value
    return choices.find((known) => (ignoreCase ? known.toLowerCase() : known) === wanted)
  }
  return {
    ...describe(spec, goQuote(spec.default)),
    kind: 'choice',
    default: spec.default,
    typeName: choices.join('|'),
    ...plainFlag,
    isWord: true,
    parse: (value) => find(value) ?? refuse(invalid(value)),
    fromConfig: (value) =>
      (typeof value === 'string' ? find(value) : undefined) ?? refuse(invalid(showValue(value))),
    append: last,
    problem: (value) => {
      const known = choices.find((word) => word === value)
      return known === undefined ? `must be ${oneOf(choices)}` : spec.check?.(known)
    },
    format: (value) => value,
  }
}

/** Several texts: the flag is repeated, the file holds an array or one comma-separated string. */
export function textList(
  spec: OptionDescription<readonly string[]> & { readonly default?: readonly string[] },
): Option<readonly string[]> {
  return {
    ...describe(spec, (spec.default ?? []).join(',')),
    kind: 'textList',
    default: spec.default ?? [],
    typeName: 'value',
    ...plainFlag,
    isList: true,
    parse: (value) => [value],
    fromConfig: (value) => {
      if (typeof value === 'string') return splitCommas(value)
      if (!isTextList(value)) return refuse('write an array of texts, or one with commas')
      return value
    },
    append: (earlier, later) => [...earlier, ...later],
    problem: (value) => (isTextList(value) ? spec.check?.(value) : 'must be an array of texts'),
    format: (value) => value.join(','),
  }
}

/** Several numbers: the flag is repeated or has commas, the file holds an array or such a string. */
export function floatList(
  spec: OptionDescription<readonly number[]> & { readonly default?: readonly number[] },
): Option<readonly number[]> {
  return {
    ...describe(spec, (spec.default ?? []).join(',')),
    kind: 'floatList',
    default: spec.default ?? [],
    typeName: 'value',
    ...plainFlag,
    isList: true,
    parse: readFloats,
    fromConfig: (value) => {
      if (typeof value === 'string') return readFloats(value)
      if (!Array.isArray(value) || !value.every(isTomlNumber)) {
        return refuse('write an array of numbers')
      }
      return value.map(Number)
    },
    append: (earlier, later) => [...earlier, ...later],
    problem: (value) =>
      Array.isArray(value) && value.every(Number.isFinite)
        ? spec.check?.(value)
        : 'must be an array of numbers',
    format: (value) => value.join(','),
  }
}

/** Anything else that can be written as text. */
export function custom<T>(
  spec: OptionDescription<T> & {
    readonly default: T
    /** The word after the flag in the help text. */
    readonly typeName?: string
    /** Whether the bare flag means `true`. */
    readonly isBooleanFlag?: boolean
    /** Reads the text of a flag or of the file (booleans and integers arrive as text too). */
    readonly parse: (text: string) => T
    readonly format: (value: T) => string
    /** Whether a value given in code is one of these at all. */
    readonly accepts: (value: unknown) => value is T
  },
): Option<T> {
  return {
    ...describe(spec, spec.format(spec.default)),
    kind: 'custom',
    default: spec.default,
    typeName: spec.typeName ?? (spec.isBooleanFlag === true ? '' : 'value'),
    ...plainFlag,
    isBooleanFlag: spec.isBooleanFlag ?? false,
    isWord: true,
    parse: spec.parse,
    fromConfig: (value) =>
      ['string', 'boolean', 'bigint'].includes(typeof value)
        ? spec.parse(String(value))
        : refuse('write text in quotes'),
    append: last,
    problem: (value) => (spec.accepts(value) ? spec.check?.(value) : 'has an unknown value'),
    format: spec.format,
  }
}

const plainFlag = { isBooleanFlag: false, isList: false, isWord: false } as const

function refuse(reason: string): never {
  throw new OptionValueError(reason)
}

function last<T>(_earlier: T, later: T): T {
  return later
}

function readInteger(value: string): number {
  const number = parseGoInteger(value)
  return typeof number === 'number' ? number : refuse(number)
}

function readFloat(value: string): number {
  const number = parseGoFloat(value)
  return typeof number === 'number' ? number : refuse(number)
}

function readFloats(value: string): readonly number[] {
  return splitCommas(value).map((part) => {
    const number = parseGoFloat(part.trim())
    if (typeof number === 'number') return number
    throw new OptionValueError('parse error', `Could not parse: ${part}`)
  })
}

function outOfRange(
  value: number,
  { min, max }: Ranged,
  show: (bound: number) => string,
): string | undefined {
  if ((min === undefined || value >= min) && (max === undefined || value <= max)) return undefined
  if (min === undefined) return `must be at most ${show(max ?? 0)}`
  if (max === undefined) return `must be at least ${show(min)}`
  return `must be [${show(min)},${show(max)}]`
}

function splitCommas(value: string): readonly string[] {
  return value === '' ? [] : value.split(',')
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function isTomlNumber(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))
}

function oneOf(words: readonly string[]): string {
  const lastWord = words.at(-1) ?? ''
  return words.length < 2 ? lastWord : `${words.slice(0, -1).join(', ')} or ${lastWord}`
}
