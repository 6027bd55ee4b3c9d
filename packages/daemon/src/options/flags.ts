// Command lines in the manner of Go's flag package: one dash or two, `-x=v` or `-x v`, a bare boolean, and
// nothing is a flag any more after `--` or the first word that isn't one.

import { goQuote, parseGoBoolean } from '../go/scalars.ts'
import { OptionValueError } from './option.ts'
import type { Option } from './option.ts'
import { suggestion } from './nearest.ts'
import type { OptionTable } from './table.ts'

/** Flags a program has without listing them in its table. `-h` and `-help` always exist. */
export interface BuiltInFlags {
  readonly config: boolean
  readonly version: boolean
}

export interface ParsedFlags {
  /** Values of the flags that were given, by option name. */
  readonly values: Readonly<Record<string, unknown>>
  readonly positional: readonly string[]
  readonly configFile: string
  readonly isVersion: boolean
}

/** A command line that can't be understood. The message is the first line to print. */
export class FlagError extends Error {
  override readonly name = 'FlagError'
  readonly code = 'ERR_FLAG'
  /** 2 for a flag error, which the usage text follows; 1 where NSQ ends with a plain message. */
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2 = 2) {
    super(message)
    this.exitCode = exitCode
  }
}

/** The command line asks for the help text. */
export const HELP_ASKED = Symbol('help')

/** @throws {FlagError} */
export function parseFlags(
  table: OptionTable,
  argv: readonly string[],
  builtIn: BuiltInFlags,
): ParsedFlags | typeof HELP_ASKED {
  const byFlag = new Map(
    Object.entries(table).map(([name, option]) => [option.flag, { name, option }]),
  )
  const values: Record<string, unknown> = {}
  let configFile = ''
  let isVersion = false
  let index = 0

  for (; index < argv.length; index += 1) {
    const word = argv[index] ?? ''
    if (word.length < 2 || !word.startsWith('-')) break
    if (word === '--') {
      index += 1
      break
    }
    const { name, given } = splitFlag(word)
    const takeValue = (): string => {
      if (given !== undefined) return given
      index += 1
      const next = argv[index]
      if (next === undefined) throw new FlagError(`flag needs an argument: -${name}`)
      return next
    }

    const known = byFlag.get(name)
    if (known !== undefined) {
      const { option } = known
      const value = option.isBooleanFlag
        ? readValue(option, given ?? 'true')
        : readValue(option, takeValue())
      const earlier = values[known.name]
      values[known.name] = earlier === undefined ? value : option.append(earlier, value)
    } else if (name === 'config' && builtIn.config) {
      configFile = takeValue()
    } else if (name === 'version' && builtIn.version) {
      isVersion = readBoolean('version', given ?? 'true')
    } else if (name === 'help' || name === 'h') {
      return HELP_ASKED
    } else {
      const hint = suggestion(name, byFlag.keys())
      throw new FlagError(
        `flag provided but not defined: -${name}${hint === '' ? '' : `\n${hint.slice(2)}`}`,
      )
    }
  }
  return { values, positional: argv.slice(index), configFile, isVersion }
}

function splitFlag(word: string): { name: string; given: string | undefined } {
  const body = word.slice(word.startsWith('--') ? 2 : 1)
  if (body === '' || body.startsWith('-') || body.startsWith('=')) {
    throw new FlagError(`bad flag syntax: ${word}`)
  }
  const equals = body.indexOf('=')
  return equals === -1
    ? { name: body, given: undefined }
    : { name: body.slice(0, equals), given: body.slice(equals + 1) }
}

function readValue(option: Option<unknown>, text: string): unknown {
  try {
    return option.parse(text)
  } catch (error) {
    if (error instanceof OptionValueError && error.fatal !== undefined) {
      throw new FlagError(error.fatal, 1)
    }
    const reason = error instanceof Error ? error.message : String(error)
    const value = option.isBooleanFlag ? 'boolean value' : 'value'
    throw new FlagError(
      `invalid ${value} ${goQuote(text)} for ${option.isBooleanFlag ? '' : 'flag '}-${option.flag}: ${reason}`,
    )
  }
}

function readBoolean(name: string, text: string): boolean {
  const value = parseGoBoolean(text)
  if (value === undefined) {
    throw new FlagError(`invalid boolean value ${goQuote(text)} for -${name}: parse error`)
  }
  return value
}
