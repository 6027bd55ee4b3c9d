// Options as tables: each option once, with its default, its check and, as a comment above it, its documentation. Types
// follow from them, and the pages in docs/reference/client.

import { OptionError } from './errors.ts'

export interface OptionSpec<T> {
  readonly default: T
  /** The values it takes, for the reference pages. */
  readonly accepts: string
  /** What is wrong with the value, or undefined. */
  check(given: unknown): string | undefined
}

export type OptionTable = Readonly<Record<string, OptionSpec<unknown>>>
/** Every option of a table with its value. */
export type OptionsOf<T extends OptionTable> = {
  readonly [K in keyof T]: T[K] extends OptionSpec<infer V> ? V : never
}
/** What a user may pass: any of them, undefined for the default. */
export type GivenOptions<T extends OptionTable> = {
  readonly [K in keyof T]?: OptionsOf<T>[K] | undefined
}

interface NumberRules {
  readonly default: number
  readonly min: number
  readonly max?: number
  /** A value outside the range that means something of its own, such as -1 for "off". */
  readonly or?: number
}

export function integer(rules: NumberRules): OptionSpec<number> {
  return numeric(rules, Number.isSafeInteger, 'a whole number')
}

export function ratio(rules: NumberRules): OptionSpec<number> {
  return numeric(rules, Number.isFinite, 'a number')
}

function numeric(
  rules: NumberRules,
  isKind: (value: unknown) => boolean,
  kind: string,
): OptionSpec<number> {
  const max = rules.max ?? Number.MAX_SAFE_INTEGER
  const upTo = rules.max === undefined ? ' and up' : ` to ${rules.max}`
  return {
    default: rules.default,
    accepts: `${rules.min}${upTo}${rules.or === undefined ? '' : `, or ${rules.or}`}`,
    check(value) {
      if (typeof value !== 'number' || !isKind(value)) return `${show(value)} is not ${kind}`
      if (value === rules.or) return undefined
      if (value < rules.min) return `${value} < ${rules.min}`
      return value > max ? `${value} > ${max}` : undefined
    },
  }
}

export function flag(rules: { default: boolean }): OptionSpec<boolean> {
  return {
    ...rules,
    accepts: 'true, false',
    check: (value) => (typeof value === 'boolean' ? undefined : `${show(value)} is not a boolean`),
  }
}

export function text(rules: { default: string }): OptionSpec<string> {
  return {
    ...rules,
    accepts: 'text',
    check: (value) => (typeof value === 'string' ? undefined : `${show(value)} is not a string`),
  }
}

export function oneOf<const T extends string>(rules: {
  values: readonly T[]
  default: NoInfer<T>
}): OptionSpec<T> {
  return {
    default: rules.default,
    accepts: rules.values.join(', '),
    check(value) {
      if (rules.values.some((known) => known === value)) return undefined
      return `${show(value)} is none of ${rules.values.join(', ')}`
    },
  }
}

/** A value that only the given test can tell: functions, objects, unions. */
export function custom<T>(rules: {
  default: T
  is: (value: unknown) => boolean
  kind: string
}): OptionSpec<T> {
  return {
    default: rules.default,
    accepts: rules.kind,
    check: (given) => (rules.is(given) ? undefined : `${show(given)} is not ${rules.kind}`),
  }
}

/**
 * Checks what was given against a table and fills in the defaults. The result is frozen.
 *
 * @param rules problems across options, found by the caller's own look at the filled-in values.
 * @throws {OptionError} with every problem at once, unknown options among them.
 */
export function resolveOptions<T extends OptionTable>(
  table: T,
  given: GivenOptions<T>,
  rules: (options: OptionsOf<T>) => readonly string[] = () => [],
): OptionsOf<T> {
  const problems: string[] = []
  const resolved: Record<string, unknown> = {}
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(table, name)) problems.push(`unknown option ${name}`)
  }
  for (const [name, spec] of Object.entries(table)) {
    const chosen: unknown = given[name]
    resolved[name] = chosen === undefined ? spec.default : chosen
    const problem = chosen === undefined ? undefined : spec.check(chosen)
    if (problem !== undefined) problems.push(`invalid ${name}: ${problem}`)
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- filled from the table that makes the type
  const options = resolved as OptionsOf<T>
  if (problems.length === 0) problems.push(...rules(options))
  if (problems.length > 0) throw new OptionError(problems)
  return Object.freeze(options)
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}
