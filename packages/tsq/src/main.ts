import { readFileSync } from 'node:fs'
import path from 'node:path'

import { nearest } from '@tsq/daemon'

import { check, info } from './data-path.ts'
import { importOld } from './import.ts'
import { pub } from './pub.ts'
import { down, status, up } from './up/commands.ts'

interface Command {
  readonly name: string
  readonly summary: string
  run(argv: readonly string[]): Promise<void>
}

const commands: readonly Command[] = [
  {
    name: 'up',
    summary: 'run a cluster on this machine: nsqlookupd, nsqd and nsqadmin, supervised',
    run: up,
  },
  { name: 'status', summary: 'say what of the cluster runs', run: status },
  { name: 'down', summary: 'stop the cluster', run: down },
  {
    name: 'nsqd',
    summary: 'run the broker; the same as the nsqd command (tsq nsqd --help)',
    run: async (argv) => (await import('@tsq/nsqd')).main(argv),
  },
  {
    name: 'nsqlookupd',
    summary: 'run the directory; the same as the nsqlookupd command',
    run: async (argv) => (await import('@tsq/nsqlookupd')).main(argv),
  },
  {
    name: 'nsqadmin',
    summary: 'run the page for operators; the same as the nsqadmin command',
    run: async (argv) => (await import('@tsq/nsqadmin')).main(argv),
  },
  { name: 'pub', summary: 'publish messages to a topic', run: pub },
  {
    name: 'check',
    summary: 'read everything on a data path and say what does not check',
    run: check,
  },
  { name: 'info', summary: 'say what is on a data path', run: info },
  { name: 'import', summary: 'take over what nsqd 1.x left on a data path', run: importOld },
  {
    name: 'tail',
    summary: 'print what is published to topics; takes what waits in one that has no channel yet',
    run: async (argv) => (await import('@tsq/tools')).tsqTail(argv),
  },
  {
    name: 'stat',
    summary: 'watch what a channel does; the same as the nsq_stat command',
    run: async (argv) => (await import('@tsq/tools')).nsqStat(argv),
  },
  {
    name: 'to-file',
    summary: 'archive topics to files; the same as the nsq_to_file command',
    run: async (argv) => (await import('@tsq/tools')).nsqToFile(argv),
  },
  {
    name: 'to-nsq',
    summary: 'publish the lines of standard input; the same as the to_nsq command',
    run: async (argv) => (await import('@tsq/tools')).toNsq(argv),
  },
  {
    name: 'to-http',
    summary: 'send messages as HTTP requests; the same as the nsq_to_http command',
    run: async (argv) => (await import('@tsq/tools')).nsqToHttp(argv),
  },
  {
    name: 'nsq-to-nsq',
    summary: 'publish messages to other nsqd; the same as the nsq_to_nsq command',
    run: async (argv) => (await import('@tsq/tools')).nsqToNsq(argv),
  },
  {
    name: 'completion',
    summary: 'print what makes bash, zsh or fish complete all of these',
    run: async (argv) => (await import('./manual/completion.ts')).completion(argv),
  },
]

/** The `tsq` command: its first word says what to do. */
export async function main(argv: readonly string[]): Promise<void> {
  const [word, ...rest] = argv
  if (word === undefined || word === 'help' || /^--?h(elp)?$/.test(word)) {
    process.stdout.write(helpText())
    return
  }
  if (/^--?version$/.test(word)) {
    process.stdout.write(`${versionText()}\n`)
    return
  }
  const command = commands.find(({ name }) => name === word)
  if (command !== undefined) {
    await command.run(rest)
    return
  }
  const likely = nearest(
    word,
    commands.map(({ name }) => name),
  )
  const hint = likely === undefined ? '' : ` Did you mean "tsq ${likely}"?`
  process.stderr.write(`tsq: there is no command "${word}".${hint}\n\n${helpText()}`)
  process.exitCode = 2
}

function versionText(): string {
  const file = path.resolve(import.meta.dirname, '../../package.json')
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  return `tsq v${version} (node ${process.version})`
}

function helpText(): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  return `tsq: a message platform that speaks NSQ\n\nUsage: tsq <command> [flags]\n\n${lines.join('\n')}\n`
}
