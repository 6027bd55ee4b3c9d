import assert from 'node:assert/strict'
import { StartupError } from '../startup-error.ts'
import { suggestion } from './nearest.ts'
import { showValue } from './option.ts'
import type { Option } from './option.ts'

/** The options of one program, by the name they have in code. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>

/** The frozen values a table describes. */
export type OptionsOf<T extends OptionTable> = { readonly [K in keyof T]: T[K]['default'] }

/** What must hold across several options. Each problem is a whole sentence, such as `--a needs --b`. */
export type OptionRules<T extends OptionTable> = (values: OptionsOf<T>) => readonly string[]

/** Options that can't be used, every reason at once. */
export class OptionsError extends StartupError {
  override readonly name = 'OptionsError'
  override readonly code = 'ERR_OPTIONS'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('; '))
    this.problems = problems
  }
}

/** Flags every program has without listing them. */
export const BUILT_IN_FLAGS = ['config', 'version', 'help', 'h'] as const

const FLAG_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/

/** Checks a table once and gives it back frozen, its types kept. */
export function defineOptions<const T extends OptionTable>(table: T): T {
  const flags = new Set<string>(BUILT_IN_FLAGS)
  const keys = new Set<string>()
  for (const [name, option] of Object.entries(table)) {
    assert.match(option.flag, FLAG_NAME, `option ${name} has a bad flag`)
    assert.ok(!flags.has(option.flag), `flag ${option.flag} exists twice`)
    assert.ok(!keys.has(option.key), `configuration key ${option.key} exists twice`)
    flags.add(option.flag)
    keys.add(option.key)
  }
  return Object.freeze(table)
}

/**
 * Completes options given in code with the defaults, for programs that embed a daemon.
 *
 * @throws {OptionsError} naming every unknown name and every value that is not allowed.
 */
export function withDefaults<T extends OptionTable>(
  table: T,
  partial: Partial<OptionsOf<T>> = {},
  rules?: OptionRules<T>,
): OptionsOf<T> {
  const problems = Object.keys(partial)
    .filter((name) => !Object.hasOwn(table, name))
    .map((name) => `unknown option ${name}${suggestion(name, Object.keys(table))}`)
  const given: Partial<Record<string, unknown>> = partial
  const values: Record<string, unknown> = {}
  for (const [name, option] of Object.entries(table)) {
    values[name] = given[name] ?? option.default
    const problem = option.problem(values[name])
    if (problem !== undefined) problems.push(`${name} ${problem}, not ${showValue(values[name])}`)
  }
  if (problems.length === 0) problems.push(...(rules?.(valuesOf(values)) ?? []))
  if (problems.length > 0) throw new OptionsError(problems)
  return freezeValues(values)
}

/** What is wrong with values that came from flags and file, each as `--flag must be …`. */
export function checkValues<T extends OptionTable>(
  table: T,
  values: Readonly<Record<string, unknown>>,
  rules?: OptionRules<T>,
): readonly string[] {
  const problems: string[] = []
  for (const [name, option] of Object.entries(table)) {
    const problem = option.problem(values[name])
    if (problem !== undefined) problems.push(`--${option.flag} ${problem}`)
  }
  // Rules may assume that each value on its own is sound.
  return problems.length > 0 ? problems : (rules?.(valuesOf(values)) ?? [])
}

/** Freezes values, lists included, once each is known to be of its option's type. */
export function freezeValues<T extends OptionTable>(values: Record<string, unknown>): OptionsOf<T> {
  for (const [name, value] of Object.entries(values)) {
    if (Array.isArray(value)) values[name] = Object.freeze([...(value as readonly unknown[])])
  }
  return valuesOf(Object.freeze(values))
}

// The checks of each option are the proof; the compiler can't follow a loop over a table.
function valuesOf<T extends OptionTable>(values: Readonly<Record<string, unknown>>): OptionsOf<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return values as OptionsOf<T>
}
