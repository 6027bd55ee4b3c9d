// What shells are told of the commands.

import { clientKeys } from '@tsq/tools'

import { CLIENT_OPTION_FLAGS, type Page, pages } from './pages.ts'

/** A flag, as a shell completes it. */
export interface FlagWord {
  readonly name: string
  readonly doc: string
  readonly takesValue: boolean
  readonly isRepeatable: boolean
  /** What a value may be, where that is known: whole, or its beginning for those that end in a comma. */
  readonly values: readonly string[]
}

/** A command as it is typed, with one word or two. */
export interface CommandWord {
  readonly typed: string
  readonly summary: string
  readonly flags: readonly FlagWord[]
  /** Words that are no flags. */
  readonly words: readonly string[]
}

/** Every command under each of its names. */
export function commandWords(): readonly CommandWord[] {
  return pages.flatMap((page) => {
    const names = [page.command, ...(page.alias === undefined ? [] : [page.alias])]
    const flags = flagsOf(page)
    return names.map((typed) => ({ typed, summary: page.summary, flags, words: page.words ?? [] }))
  })
}

/** The second words of `tsq`. */
export function subcommandsOf(commands: readonly CommandWord[]): readonly CommandWord[] {
  return commands.filter(({ typed }) => typed.startsWith('tsq '))
}

/** The names that are commands by themselves, `tsq` among them. */
export function programsOf(commands: readonly CommandWord[]): readonly string[] {
  return ['tsq', ...commands.map(({ typed }) => typed).filter((typed) => !typed.includes(' '))]
}

/** The second word of `tsq up`. */
export function subcommandName({ typed }: CommandWord): string {
  return typed.slice('tsq '.length)
}

function flagsOf({ table, hasConfig = false, hasVersion = false }: Page): readonly FlagWord[] {
  const own = Object.values(table)
    .filter(({ deprecated }) => deprecated === undefined)
    .map((option) => ({
      name: option.flag,
      doc: option.doc,
      takesValue: !option.isBooleanFlag,
      isRepeatable: option.isList,
      values: valuesOf(option),
    }))
  const plain = { takesValue: false, isRepeatable: false, values: [] }
  return [
    ...own,
    ...(hasConfig
      ? [{ ...plain, name: 'config', doc: 'path of a TOML configuration file', takesValue: true }]
      : []),
    ...(hasVersion ? [{ ...plain, name: 'version', doc: 'print the version and exit' }] : []),
    { ...plain, name: 'help', doc: 'print the flags and exit' },
  ]
}

function valuesOf({ kind, typeName, flag }: Page['table'][string]): readonly string[] {
  if (kind === 'choice') return typeName.split('|')
  if (CLIENT_OPTION_FLAGS.includes(flag)) return Object.keys(clientKeys).map((key) => `${key},`)
  return []
}
