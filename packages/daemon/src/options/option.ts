// What an option is. One object carries everything that is known about it; flags, the configuration file,
// the checks, the help text and the reference page are all read from there.

/** What every kind of option is described with. */
export interface OptionDescription<T> {
  /** The flag's name without dashes, as NSQ spells it. */
  readonly flag: string
  /** The key in the configuration file; the flag with `-` replaced by `_` unless given. */
  readonly key?: string
  /** A sentence or two for `--help` and the reference page. */
  readonly doc: string
  /** Heading under which help and reference list it. */
  readonly group?: string
  /** What help and reference show instead of a default that differs from machine to machine. */
  readonly defaultText?: string
  /** Why it no longer does anything, or what to write instead. Using it gives a warning. */
  readonly deprecated?: string
  /** A rule the type can't express; returns what follows `--flag `, such as `must be post or get`. */
  readonly check?: (value: T) => string | undefined
}

/** One row of an option table. */
export interface Option<T> {
  readonly kind: OptionKind
  readonly flag: string
  readonly key: string
  readonly default: T
  readonly doc: string
  readonly group: string
  readonly defaultText: string
  readonly deprecated: string | undefined
  /** The word after the flag in the help text; empty for booleans. */
  readonly typeName: string
  /** Whether the bare flag means true, so that a value is taken only after `=`. */
  readonly isBooleanFlag: boolean
  /** Whether repeating the flag adds to the list rather than replacing the value. */
  readonly isList: boolean
  /** Whether the file may hold any text; false lets the error name only the key and the value. */
  readonly isWord: boolean

  /** Reads one flag value. @throws {OptionValueError} */
  parse(text: string): T
  /** Reads a value of the configuration file; integers arrive as bigint. @throws {OptionValueError} */
  fromConfig(value: unknown): T
  /** Joins the values of a repeated flag. */
  append(earlier: T, later: T): T
  /** What is wrong with a value given in code or found in flag or file, following `--flag `. */
  problem(value: unknown): string | undefined
  /** The value as Go prints it. */
  format(value: T): string
}

export type OptionKind =
  | 'duration'
  | 'integer'
  | 'float'
  | 'text'
  | 'textList'
  | 'floatList'
  | 'boolean'
  | 'choice'
  | 'custom'

/** A flag or configuration value that can't be read. The message is the reason alone, as Go words it. */
export class OptionValueError extends Error {
  override readonly name = 'OptionValueError'
  readonly code = 'ERR_OPTION_VALUE'
  /** The whole first line to print and exit code 1, where NSQ doesn't treat it as a flag error. */
  readonly fatal: string | undefined

  constructor(reason: string, fatal?: string) {
    super(reason)
    this.fatal = fatal
  }
}

export const DEFAULT_GROUP = 'General'

/** The parts of an option that don't depend on its kind. */
export function describe<T>(description: OptionDescription<T>, defaultText: string) {
  return {
    flag: description.flag,
    key: description.key ?? description.flag.replaceAll('-', '_'),
    doc: description.doc,
    group: description.group ?? DEFAULT_GROUP,
    defaultText: description.defaultText ?? defaultText,
    deprecated: description.deprecated,
  }
}

/** How an error message shows a value, in the manner of Go's `%v`. */
export function showValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(showValue).join(' ')}]`
  if (typeof value === 'object' && value !== null) return JSON.stringify(value, jsonSafe)
  return String(value)
}

function jsonSafe(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}
