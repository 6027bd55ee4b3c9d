import {
  commandWords,
  type CommandWord,
  type FlagWord,
  subcommandName,
  subcommandsOf,
} from './words.ts'

export function fishScript(): string {
  const commands = commandWords()
  const subcommands = subcommandsOf(commands)
  const names = subcommands.map((one) => {
    const about = `-a ${quote(subcommandName(one))} -d ${quote(one.summary)}`
    return `complete -c tsq -n __fish_use_subcommand -f ${about}`
  })
  return [
    '# fish completion: tsq completion fish > ~/.config/fish/completions/tsq.fish',
    ...names,
    ...commands.flatMap(linesOf),
    '',
  ].join('\n')
}

function linesOf(command: CommandWord): string[] {
  const isSubcommand = command.typed.startsWith('tsq ')
  const start = isSubcommand
    ? `complete -c tsq -n ${quote(`__fish_seen_subcommand_from ${subcommandName(command)}`)}`
    : `complete -c ${command.typed}`
  const words =
    command.words.length === 0 ? [] : [`${start} -f -a ${quote(command.words.join(' '))}`]
  return [...command.flags.map((flag) => `${start} ${flagWords(flag)}`), ...words]
}

function flagWords({ name, doc, takesValue, values }: FlagWord): string {
  const about = `-l ${name} -d ${quote(doc)}`
  if (!takesValue) return about
  return values.length === 0 ? `${about} -r` : `${about} -x -a ${quote(values.join(' '))}`
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, (char) => `\\${char}`)}'`
}
