// The TOML file of a daemon: flat keys, one per option.

import { readFileSync } from 'node:fs'
import { parse } from 'smol-toml'
import { OptionValueError, showValue } from './option.ts'
import type { Option } from './option.ts'
import { suggestion } from './nearest.ts'
import type { OptionTable } from './table.ts'

export interface ConfigFile {
  /** Values found in the file, by option name. */
  readonly values: Readonly<Record<string, unknown>>
  /** What was ignored, a sentence each. */
  readonly warnings: readonly string[]
}

/** A configuration file that can't be used. The message is the line to print. */
export class ConfigFileError extends Error {
  override readonly name = 'ConfigFileError'
  readonly code = 'ERR_CONFIG_FILE'
}

export type ReadFile = (path: string) => string

/** @throws {ConfigFileError} */
export function readConfigFile(
  table: OptionTable,
  path: string,
  readFile: ReadFile = readText,
): ConfigFile {
  const keys = new Map(
    Object.entries(table).map(([name, option]) => [option.key, { name, option }]),
  )
  const values: Record<string, unknown> = {}
  const warnings: string[] = []
  for (const [key, value] of Object.entries(parseToml(path, readFile))) {
    const known = keys.get(key)
    if (known === undefined) {
      warnings.push(`${path}: unknown key ${key} is ignored${suggestion(key, keys.keys())}`)
      continue
    }
    values[known.name] = convert(known.option, value)
    if (known.option.deprecated !== undefined) {
      warnings.push(`${path}: ${key} is deprecated: ${known.option.deprecated}`)
    }
  }
  return { values, warnings }
}

function parseToml(path: string, readFile: ReadFile): Record<string, unknown> {
  try {
    // Integers as bigint, because 1 and 1.0 are not the same to an option.
    return parse(readFile(path), { integersAsBigInt: true })
  } catch (error) {
    throw new ConfigFileError(`failed to load config file ${path} - ${reasonOf(path, error)}`, {
      cause: error,
    })
  }
}

function convert(option: Option<unknown>, value: unknown): unknown {
  try {
    return option.fromConfig(value)
  } catch (error) {
    if (option.isWord) {
      throw new ConfigFileError(`failed parsing ${option.key} ${showValue(value)}`, {
        cause: error,
      })
    }
    const reason =
      error instanceof OptionValueError ? (error.fatal ?? error.message) : String(error)
    const was = showValue(
      Array.isArray(option.default) ? option.default : option.format(option.default),
    )
    throw new ConfigFileError(
      `ERROR: Resolve failed to coerce value ${showValue(value)} (${was}) ` +
        `for field ${fieldName(option)} - ${reason}`,
      { cause: error },
    )
  }
}

/** `msg-timeout` as nsqd's source names it, `MsgTimeout`. */
function fieldName(option: Option<unknown>): string {
  return option.flag.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function readText(path: string): string {
  return readFileSync(path, 'utf8')
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
}

function reasonOf(path: string, error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const known = 'code' in error ? REASONS[String(error.code)] : undefined
  // The first line says what and where; the rest quotes the file.
  return known === undefined ? (error.message.split('\n')[0] ?? '') : `open ${path}: ${known}`
}
