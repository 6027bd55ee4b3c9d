import {
  commandWords,
  type CommandWord,
  programsOf,
  subcommandName,
  subcommandsOf,
} from './words.ts'

/** For bash 3.2 and later, without the bash-completion package. */
export function bashScript(): string {
  const commands = commandWords()
  const programs = programsOf(commands)
  const subcommands = subcommandsOf(commands).map(subcommandName)
  return `# bash completion for ${programs.join(', ')}: source <(tsq completion bash)

_tsq_flags() {
  case $1 in
${commands.map(flagsCase).join('\n')}
  esac
}

# What may follow a flag, or a command that takes words.
_tsq_values() {
  case $1 in
${commands.flatMap(valueCases).join('\n')}
  esac
}

_tsq() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[0]##*/} words
  COMPREPLY=()
  if [[ $command == tsq ]]; then
    if ((COMP_CWORD == 1)); then
      COMPREPLY=($(compgen -W '${subcommands.join(' ')}' -- "$cur"))
      return
    fi
    command="tsq \${COMP_WORDS[1]}"
  fi
  # --flag=value comes as three words.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if [[ $prev == -* ]]; then
    prev=\${prev#-}
    words=$(_tsq_values "$command --\${prev#-}")
  fi
  if [[ -z $words && $cur == -* ]]; then
    words=$(_tsq_flags "$command")
  elif [[ -z $words ]]; then
    words=$(_tsq_values "$command")
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  # A value is still to come.
  if ((\${#COMPREPLY[@]} == 1)) && [[ \${COMPREPLY[0]} == *[=,] ]]; then
    compopt -o nospace 2>/dev/null
  fi
}

complete -o default -F _tsq ${programs.join(' ')}
`
}

function flagsCase({ typed, flags }: CommandWord): string {
  const words = flags.map(({ name, takesValue }) => `--${name}${takesValue ? '=' : ''}`)
  return `    '${typed}') echo '${words.join(' ')}' ;;`
}

function valueCases({ typed, flags, words }: CommandWord): string[] {
  const cases = flags
    .filter(({ values }) => values.length > 0)
    .map(({ name, values }) => `    '${typed} --${name}') echo '${values.join(' ')}' ;;`)
  return words.length === 0 ? cases : [...cases, `    '${typed}') echo '${words.join(' ')}' ;;`]
}
