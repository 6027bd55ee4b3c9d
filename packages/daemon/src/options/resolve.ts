import { ConfigFileError, readConfigFile } from './config-file.ts'
import type { ReadFile } from './config-file.ts'
import { FlagError, HELP_ASKED, parseFlags } from './flags.ts'
import type { BuiltInFlags } from './flags.ts'
import { helpText } from './help.ts'
import { checkValues, freezeValues } from './table.ts'
import type { OptionRules, OptionsOf, OptionTable } from './table.ts'

export interface ResolveInput<T extends OptionTable> {
  readonly program: string
  /** The words after the program's name. */
  readonly argv: readonly string[]
  /** What must hold across several options. */
  readonly rules?: OptionRules<T>
  /** Whether `--config` and `--version` exist; both do unless told otherwise. */
  readonly builtIn?: Partial<BuiltInFlags>
  readonly readFile?: ReadFile
}

/** What a command line comes to. */
export type Resolution<T extends OptionTable> =
  | {
      readonly kind: 'options'
      readonly values: OptionsOf<T>
      /** Things that were ignored or are deprecated, a sentence each. */
      readonly warnings: readonly string[]
      /** What followed the flags. */
      readonly positional: readonly string[]
    }
  /** The text belongs on standard error, as Go's flag package puts it. */
  | { readonly kind: 'help'; readonly text: string; readonly exitCode: 0 }
  /** What the other flags said is unchecked: few programs look at it before they print their version. */
  | {
      readonly kind: 'version'
      readonly values: OptionsOf<T>
      readonly positional: readonly string[]
    }
  | {
      readonly kind: 'error'
      /** A flag that can't be understood, a file that can't be used, or values that aren't allowed. */
      readonly reason: 'flag' | 'config' | 'value'
      readonly message: string
      /** The usage text to print after the message; empty when none is wanted. */
      readonly usage: string
      readonly exitCode: 1 | 2
    }

/** Turns a command line into checked, frozen options: command line before file before default. */
export function resolveOptions<T extends OptionTable>(
  table: T,
  input: ResolveInput<T>,
): Resolution<T> {
  const builtIn = { config: true, version: true, ...input.builtIn }
  const usage = (): string => helpText(table, input.program, builtIn)
  try {
    const flags = parseFlags(table, input.argv, builtIn)
    if (flags === HELP_ASKED) return { kind: 'help', text: usage(), exitCode: 0 }
    if (flags.isVersion) {
      const given = freezeValues<T>({ ...defaultsOf(table), ...flags.values })
      return { kind: 'version', values: given, positional: flags.positional }
    }

    const file =
      flags.configFile === ''
        ? { values: {}, warnings: [] }
        : readConfigFile(table, flags.configFile, input.readFile)
    const values = { ...defaultsOf(table), ...file.values, ...flags.values }
    const problems = checkValues(table, values, input.rules)
    if (problems.length > 0) {
      return {
        kind: 'error',
        reason: 'value',
        message: problems.join('; '),
        usage: '',
        exitCode: 1,
      }
    }
    return {
      kind: 'options',
      values: freezeValues<T>(values),
      warnings: [...file.warnings, ...deprecatedFlags(table, flags.values)],
      positional: flags.positional,
    }
  } catch (error) {
    if (error instanceof FlagError) {
      const { message, exitCode } = error
      return {
        kind: 'error',
        reason: 'flag',
        message,
        usage: exitCode === 2 ? usage() : '',
        exitCode,
      }
    }
    if (error instanceof ConfigFileError) {
      return { kind: 'error', reason: 'config', message: error.message, usage: '', exitCode: 1 }
    }
    throw error
  }
}

function defaultsOf(table: OptionTable): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).map(([name, option]) => [name, option.default]))
}

function deprecatedFlags(
  table: OptionTable,
  given: Readonly<Record<string, unknown>>,
): readonly string[] {
  return Object.entries(table).flatMap(([name, option]) =>
    option.deprecated !== undefined && Object.hasOwn(given, name)
      ? [`--${option.flag} is deprecated: ${option.deprecated}`]
      : [],
  )
}
