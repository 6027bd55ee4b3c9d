// `tsq check` and `tsq info`: what is on a data path.

import { boolean, defineOptions, resolveOptions } from '@tsq/daemon'
import { checkDataPath, type DataPathReport, describeDataPath } from '@tsq/nsqd'

import { counted, formatBytes, ProgressLine } from './progress.ts'

/** The flags of `tsq check` and `tsq info`. */
export const dataPathOptions = defineOptions({
  json: boolean({ flag: 'json', default: false, doc: 'print everything as JSON' }),
})

/** `tsq check <data-path>`: reads everything; exit code 1 when something does not check. */
export function check(argv: readonly string[]): Promise<void> {
  return look('check', argv, checkDataPath)
}

/** `tsq info <data-path>`: what is there, without reading it all. */
export function info(argv: readonly string[]): Promise<void> {
  return look('info', argv, describeDataPath)
}

async function look(
  command: 'check' | 'info',
  argv: readonly string[],
  read: typeof checkDataPath,
): Promise<void> {
  const given = resolveOptions(dataPathOptions, {
    program: `tsq ${command}`,
    argv,
    builtIn: { config: false, version: false },
  })
  if (given.kind === 'help') {
    process.stdout.write(`Usage: tsq ${command} [flags] <data-path>\n\n${given.text}\n`)
    return
  }
  if (given.kind !== 'options' || given.positional.length !== 1) {
    const usage = `usage: tsq ${command} [--json] <data-path>`
    process.stderr.write(`${given.kind === 'error' ? given.message : usage}\n`)
    process.exitCode = 2
    return
  }
  const line = new ProgressLine()
  try {
    const report = await read(given.positional[0]!, ({ topic, doneBytes, totalBytes }) =>
      line.show(doneBytes, totalBytes, topic),
    )
    line.clear()
    const text = given.values.json ? JSON.stringify(report, undefined, 2) : describe(report)
    process.stdout.write(`${text}\n`)
    const hasProblems = report.findings.some(({ severity }) => severity === 'problem')
    if (command === 'check') {
      if (!given.values.json) process.stdout.write(`\n${verdict(report)}\n`)
      if (hasProblems) process.exitCode = 1
    }
  } catch (error) {
    line.clear()
    process.stderr.write(`tsq ${command}: ${(error as Error).message}\n`)
    process.exitCode = 1
  }
}

function describe({ dataPath, topics, findings, messages, bytes }: DataPathReport): string {
  const lines = [
    `${dataPath}: ${counted(topics.length, 'topic')}, ${counted(messages, 'message')}, ${formatBytes(bytes)}`,
  ]
  for (const topic of topics) {
    const { name, isPaused, segments, firstSequence, endSequence } = topic
    const range = endSequence > firstSequence ? `, ${firstSequence}-${endSequence - 1}` : ''
    lines.push(
      `  ${name}${isPaused ? ' (paused)' : ''}: ${counted(topic.messages, 'message')}, ` +
        `${formatBytes(topic.bytes)} in ${counted(segments, 'segment')}${range}`,
    )
    for (const channel of topic.channels) {
      const deferred = channel.deferred > 0 ? `, ${channel.deferred} of them deferred` : ''
      const paused = channel.isPaused ? ' (paused)' : ''
      lines.push(`    ${channel.name}${paused}: ${channel.owed} to be finished${deferred}`)
    }
  }
  for (const { severity, where, text } of findings) lines.push(`${severity}: ${where} ${text}`)
  return lines.join('\n')
}

function verdict({ findings }: DataPathReport): string {
  const problems = findings.filter(({ severity }) => severity === 'problem').length
  return problems === 0 ? 'everything checks' : counted(problems, 'problem')
}
