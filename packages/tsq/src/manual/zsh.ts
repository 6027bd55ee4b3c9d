import {
  commandWords,
  type CommandWord,
  type FlagWord,
  programsOf,
  subcommandName,
  subcommandsOf,
} from './words.ts'

/** A function for a folder of `$fpath`. */
export function zshScript(): string {
  const commands = commandWords()
  const subcommands = subcommandsOf(commands)
  const listed = subcommands.map((one) => `    ${quote(`${subcommandName(one)}:${one.summary}`)}`)
  return `#compdef ${programsOf(commands).join(' ')}
# zsh completion: tsq completion zsh > "\${fpath[1]}/_tsq"

_tsq_arguments() {
  case $1 in
${commands.map(argumentsCase).join('\n')}
  esac
}

_tsq() {
  local -a subcommands=(
${listed.join('\n')}
  )
  local command=\${words[1]:t}
  if [[ $command != tsq ]]; then
    _tsq_arguments "$command"
  elif ((CURRENT == 2)); then
    _describe command subcommands
  else
    command="tsq \${words[2]}"
    shift words
    ((CURRENT--))
    _tsq_arguments "$command"
  fi
}

_tsq "$@"
`
}

function argumentsCase({ typed, flags, words }: CommandWord): string {
  const rest = words.length === 0 ? "'*:file:_files'" : quote(`1:word:(${words.join(' ')})`)
  const specs = [...flags.map(specOf), rest].map((spec) => `        ${spec}`)
  return `    ${quote(typed)})
      _arguments \\
${specs.join(' \\\n')}
      ;;`
}

function specOf({ name, doc, takesValue, isRepeatable, values }: FlagWord): string {
  // A backslash keeps what means something in a description.
  const shown = doc.replace(/[[\]:\\]/g, (char) => `\\${char}`)
  const star = isRepeatable ? '*' : ''
  if (!takesValue) return quote(`${star}--${name}[${shown}]`)
  const action = values.length === 0 ? '_files' : `(${values.join(' ')})`
  return quote(`${star}--${name}=[${shown}]:value:${action}`)
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
