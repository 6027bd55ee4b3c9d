import { DEFAULT_GROUP } from './option.ts'
import type { Option } from './option.ts'
import type { BuiltInFlags } from './flags.ts'
import type { OptionTable } from './table.ts'

const DEPRECATED_GROUP = 'Deprecated'

/** The usage text: flags by group, in the order of the table, deprecated ones last. */
export function helpText(
  table: OptionTable,
  program: string,
  builtIn: BuiltInFlags = { config: true, version: true },
): string {
  const lines = [`Usage of ${program}:`]
  for (const [group, options] of grouped(table)) {
    lines.push('', `${group}:`)
    if (group === DEFAULT_GROUP) lines.push(...builtInLines(builtIn))
    for (const option of options) lines.push(...flagLines(option))
  }
  return `${lines.join('\n')}\n`
}

/**
 * The reference page's body: one table per group.
 *
 * @param hasConfig whether there is a configuration file, and so a column for its keys.
 */
export function referenceMarkdown(table: OptionTable, hasConfig = true): string {
  const parts: string[] = []
  const columns = ['flag', ...(hasConfig ? ['config key'] : []), 'type', 'default', 'meaning']
  for (const [group, options] of grouped(table)) {
    if (options.length === 0) continue
    parts.push(`### ${group}`, '', row(columns), row(columns.map(() => '---')))
    for (const option of options) {
      const shown = option.defaultText === '' ? '' : `\`${option.defaultText}\``
      const type = option.typeName === '' ? 'bool' : option.typeName.replaceAll('|', ', ')
      const key = hasConfig ? [`\`${option.key}\``] : []
      parts.push(row([`\`--${option.flag}\``, ...key, type, shown, meaning(option)]))
    }
    parts.push('')
  }
  return parts.join('\n')
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function grouped(table: OptionTable): ReadonlyMap<string, readonly Option<unknown>[]> {
  // The general group comes first even when it holds nothing but the flags every program has.
  const groups = new Map<string, Option<unknown>[]>([[DEFAULT_GROUP, []]])
  const deprecated: Option<unknown>[] = []
  for (const option of Object.values(table)) {
    if (option.deprecated !== undefined) deprecated.push(option)
    else if (groups.has(option.group)) groups.get(option.group)?.push(option)
    else groups.set(option.group, [option])
  }
  if (deprecated.length > 0) groups.set(DEPRECATED_GROUP, deprecated)
  return groups
}

function builtInLines(builtIn: BuiltInFlags): readonly string[] {
  return [
    ...(builtIn.config ? ['  -config string', '    \tpath of a TOML configuration file'] : []),
    '  -help',
    '    \tprint this text and exit',
    ...(builtIn.version ? ['  -version', '    \tprint the version and exit'] : []),
  ]
}

function flagLines(option: Option<unknown>): readonly string[] {
  const shown = option.defaultText === '' ? '' : ` (default ${option.defaultText})`
  return [
    `  -${option.flag}${option.typeName === '' ? '' : ` ${option.typeName}`}`,
    `    \t${meaning(option)}${shown}`,
  ]
}

function meaning(option: Option<unknown>): string {
  const repeats = option.isList ? ' (may be given several times)' : ''
  const since = option.deprecated === undefined ? '' : ` (deprecated: ${option.deprecated})`
  return `${option.doc}${repeats}${since}`
}
