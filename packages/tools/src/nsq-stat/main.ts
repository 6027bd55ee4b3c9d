import { formatGoDuration } from '@tsq/daemon'

import { runTool } from '../common/run-tool.ts'
import { watchChannel } from './nsq-stat.ts'
import { type NsqStatOptions, nsqStatOptions, nsqStatProblem } from './options.ts'
import { JsonOutput, LiveOutput, type Output, PlainOutput } from './outputs.ts'

/** `nsq_stat`: prints what a channel does. */
export function main(argv: readonly string[]): Promise<void> {
  return runTool({
    program: 'nsq_stat',
    table: nsqStatOptions,
    argv,
    check: nsqStatProblem,
    endsAtOnce: true,
    start: (values, { end, fail, exit }) => {
      // Whoever read it is gone, as `head` is after its last line.
      process.stdout.on('error', () => exit(1))
      watchChannel(values, outputFor(values)).then(end, fail)
      return Promise.resolve({ close: () => Promise.resolve() })
    },
  })
}

/** Who reads it decides: a program gets lines, somebody at a terminal a table. */
function outputFor(values: NsqStatOptions): Output {
  const { stdout, env } = process
  const write = (text: string): void => {
    stdout.write(text)
  }
  if (values.isJson) return new JsonOutput(write)
  if (!stdout.isTTY || env['TERM'] === 'dumb') return new PlainOutput(write)
  const terminal = {
    get rows(): number {
      return stdout.rows
    },
    isColoured: (env['NO_COLOR'] ?? '') === '',
    write,
  }
  const every = formatGoDuration(values.intervalMs)
  return new LiveOutput(terminal, `${values.topic}/${values.channel}  every ${every}`)
}
