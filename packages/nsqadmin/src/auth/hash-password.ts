import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

import { hashPassword, MAX_PASSWORD_BYTES } from './password.ts'

const SHORTEST = 8
const HELP = `Usage: nsqadmin hash-password

Asks for a password (or reads one line from standard input) and prints its hash for the --user option:
  users = ["alice:admin:scrypt$..."]
`

/** `nsqadmin hash-password`: never takes the password as an argument, where others could see it. */
export async function hashPasswordCommand(argv: readonly string[]): Promise<void> {
  if (argv.length > 0) {
    const isAsked = /^--?h(elp)?$/.test(argv[0] ?? '')
    ;(isAsked ? process.stdout : process.stderr).write(HELP)
    if (!isAsked) process.exitCode = 2
    return
  }
  const password = await readPassword()
  const problem = problemOf(password)
  if (problem !== undefined) {
    process.stderr.write(`nsqadmin: ${problem}\n`)
    process.exitCode = 1
    return
  }
  process.stdout.write(`${await hashPassword(password)}\n`)
}

function problemOf(password: string): string | undefined {
  if (password.length < SHORTEST) return `the password must have at least ${SHORTEST} characters`
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES) return 'the password is too long'
  return undefined
}

/** One line of standard input; not shown where somebody types it. */
async function readPassword(): Promise<string> {
  const isTyped = process.stdin.isTTY
  if (isTyped) process.stderr.write('Password: ')
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: isTyped })
  try {
    for await (const line of lines) return line
    return ''
  } finally {
    lines.close()
    if (isTyped) process.stderr.write('\n')
  }
}
