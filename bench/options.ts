import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { MAX_FRAME_BYTES } from './generators/link.ts'
import { MIN_BODY_BYTES } from './generators/wire.ts'
import { ACK_LEVELS, type AckLevel } from './targets.ts'
import { selectWorkloads, workloads } from './workloads/index.ts'
import type { Workload } from './workloads/workload.ts'

const OUR_NSQD = fileURLToPath(new URL('../../packages/tsq/bin/nsqd.js', import.meta.url))

export interface Options {
  readonly workloads: readonly Workload[]
  readonly ackLevels: readonly AckLevel[]
  readonly nsqd: string
  readonly nsqdArgs: readonly string[]
  readonly peer: string | undefined
  readonly peerArgs: readonly string[]
  readonly repeats: number
  readonly messages: number
  readonly seconds: number
  readonly bodyBytes: number
  readonly batch: number
  readonly outstanding: number
  readonly processes: number
  readonly topics: number
  readonly json: string | undefined
  readonly isMarkdown: boolean
}

/** What the user wrote cannot be run; the message says why, in a sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @returns undefined when only the help is wanted. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const values = parse(args)
  if (values.help === true) return undefined
  const peer = values.peer === undefined ? undefined : program('--peer', values.peer)
  if (peer === undefined && values['peer-args'] !== undefined) {
    throw new UsageError('--peer-args says how to start a peer, but there is no --peer')
  }
  const batch = integer('--batch', values.batch, 200, 1, 100_000)
  return {
    workloads: only(values.only),
    ackLevels: ackLevels(values['ack-after']),
    nsqd: program('--nsqd', values.nsqd ?? OUR_NSQD),
    nsqdArgs: words(values['nsqd-args']),
    peer,
    peerArgs: words(values['peer-args']),
    repeats: integer('--repeats', values.repeats, 3, 1, 100),
    messages: integer('--messages', values.messages, 1_000_000, batch, 50_000_000),
    seconds: integer('--seconds', values.seconds, 5, 1, 600),
    bodyBytes: integer('--size', values.size, 200, MIN_BODY_BYTES, MAX_FRAME_BYTES / 4),
    batch,
    outstanding: integer('--outstanding', values.outstanding, 1, 1, 1000),
    processes: integer('--processes', values.processes, 1, 1, 64),
    topics: integer('--topics', values.topics, 10_000, 1, 100_000),
    json: values.json === undefined ? undefined : writable(values.json),
    isMarkdown: values.markdown === true,
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: text,
        'ack-after': text,
        nsqd: text,
        'nsqd-args': text,
        peer: text,
        'peer-args': text,
        repeats: text,
        messages: text,
        seconds: text,
        size: text,
        batch: text,
        outstanding: text,
        processes: text,
        topics: text,
        json: text,
        markdown: flag,
        help: { ...flag, short: 'h' },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function integer(
  flag: string,
  text: string | undefined,
  fallback: number,
  min: number,
  max: number,
): number {
  const value = text === undefined ? fallback : Number(text.replaceAll('_', '') || Number.NaN)
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new UsageError(`${flag} must be a whole number from ${min} to ${max}, not '${text}'`)
}

function words(text: string | undefined): readonly string[] {
  return text?.split(/\s+/).filter((word) => word !== '') ?? []
}

function only(text: string | undefined): readonly Workload[] {
  if (text === undefined) return workloads
  const names = text.split(',')
  const unknown = names.find((name) => selectWorkloads(name).length === 0)
  if (unknown !== undefined) {
    const known = workloads.map((workload) => workload.name).join(', ')
    throw new UsageError(`--only names no workload '${unknown}'; there are ${known}`)
  }
  return workloads.filter((workload) =>
    names.some((name) => selectWorkloads(name).includes(workload)),
  )
}

function ackLevels(text: string | undefined): readonly AckLevel[] {
  if (text === undefined) return ACK_LEVELS
  return text.split(',').map((name) => {
    const level = ACK_LEVELS.find((known) => known === name)
    if (level !== undefined) return level
    throw new UsageError(`--ack-after must be one of ${ACK_LEVELS.join(', ')}, not '${name}'`)
  })
}

function program(flag: string, path: string): string {
  const file = resolve(path)
  if (!existsSync(file)) throw new UsageError(`${flag}: there is no file ${file}`)
  if (!statSync(file).isFile()) throw new UsageError(`${flag}: ${file} is not a file`)
  try {
    accessSync(file, file.endsWith('.js') ? constants.R_OK : constants.X_OK)
    return file
  } catch {
    throw new UsageError(`${flag}: ${file} may not be run`)
  }
}

function writable(path: string): string {
  const file = resolve(path)
  if (existsSync(dirname(file))) return file
  throw new UsageError(`--json: there is no folder ${dirname(file)}`)
}

export function helpText(): string {
  const list = workloads.map((workload) => `  ${workload.name.padEnd(22)}${workload.about}`)
  return `Usage: npm run bench -- [options]

Starts nsqd, drives it with load generators in processes of their own, and prints what came of it.

  --peer <file>         measure this nsqd as well, in turn with ours, and print ratios
  --peer-args <args>    how to start it, such as --peer-args=--mem-queue-size=1000000
  --nsqd <file>         measure this one as ours (default: the one in this repository)
  --nsqd-args <args>    more arguments for it
  --ack-after <levels>  of ${ACK_LEVELS.join(',')} (default: all); ours only
  --only <workloads>    names from the list below, with commas between them; a beginning that
                        is no name itself stands for all that follow, such as latency or idle
  --repeats <n>         runs of each (default 3)
  --messages <n>        messages in a run, or waiting (default 1,000,000)
  --seconds <n>         longest that a run publishes, and a latency run's length (default 5)
  --size <bytes>        of a message's body (default 200)
  --batch <n>           messages in an MPUB (default 200)
  --outstanding <n>     commands a publishing connection leaves unanswered (default 1)
  --processes <n>       generator processes on each side (default 1)
  --topics <n>          for idle-topics (default 10,000)
  --json <file>         write every run's figures there
  --markdown            print tables in Markdown
  --help                print this

Workloads:
${list.join('\n')}
`
}
