import assert from 'node:assert/strict'
import { type OptionsOf, type OptionTable, resolveOptions } from '@tsq/daemon'

type Check<T extends OptionTable> = (values: OptionsOf<T>) => string | undefined

/** What a tool says is wrong with a command line; undefined when nothing is. */
export function problemOf<T extends OptionTable>(
  table: T,
  check: Check<T>,
  argv: readonly string[],
): string | undefined {
  const builtIn = { config: false }
  const resolution = resolveOptions(table, { program: 'tool', argv, builtIn })
  if (resolution.kind === 'options') return check(resolution.values)
  assert.ok(resolution.kind === 'error')
  return resolution.message
}
