// `tsq completion`: scripts by which a shell completes the commands and their flags.

import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import { SHELLS } from './pages.ts'
import { zshScript } from './zsh.ts'

const USAGE = `usage: tsq completion ${SHELLS.join('|')}`

const scripts: Readonly<Record<string, () => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

export function completion(argv: readonly string[]): Promise<void> {
  const [shell = '', ...extra] = argv
  const isHelp = /^--?h(elp)?$/.test(shell)
  const script = extra.length === 0 && Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
  if (isHelp) {
    process.stdout.write(`${USAGE}\n`)
  } else if (script === undefined) {
    process.stderr.write(`${USAGE}\n`)
    process.exitCode = 2
  } else {
    process.stdout.write(script())
  }
  return Promise.resolve()
}
