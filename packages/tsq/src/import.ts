// `tsq import`: takes over what nsqd 1.x left on a data path.

import { defineOptions, resolveOptions } from '@tsq/daemon'
import { importDataPath, type ImportReport, importState, nsqdOptions } from '@tsq/nsqd'

import { counted, ProgressLine } from './progress.ts'

const { nodeId, maxBytesPerFile } = nsqdOptions
export const importOptions = defineOptions({ nodeId, maxBytesPerFile })
const USAGE = 'tsq import [flags] <data-path>'

/** Why there was nothing to do, by what the data path showed before. */
const WHY_NOTHING = {
  nothing: 'nothing to import: there are no files of nsqd 1.x',
  wanted: 'nothing to import',
  done: 'nothing to import: it was imported before, and the old files have not changed since',
  changed:
    'nothing imported: it was imported before, and nsqd 1.x has run on it since. What it wrote meanwhile is left alone',
} as const

/** Exit code 1 when something could not be read or was left out. */
export async function importOld(argv: readonly string[]): Promise<void> {
  const given = resolveOptions(importOptions, {
    program: 'tsq import',
    argv,
    builtIn: { config: false, version: false },
  })
  if (given.kind === 'help') {
    process.stdout.write(`Usage: ${USAGE}\n\n${given.text}\n`)
    return
  }
  if (given.kind !== 'options' || given.positional.length !== 1) {
    process.stderr.write(`${given.kind === 'error' ? given.message : `usage: ${USAGE}`}\n`)
    process.exitCode = 2
    return
  }
  const line = new ProgressLine()
  try {
    const dataPath = given.positional[0]!
    const left = importState(dataPath)
    const report = await importDataPath(dataPath, given.values, (progress) =>
      line.show(progress.doneBytes, progress.totalBytes, progress.topic),
    )
    line.clear()
    process.stdout.write(`${report === undefined ? WHY_NOTHING[left] : describe(report)}\n`)
    const isWhole = report?.topics.every(({ unread }) => unread.length === 0) ?? true
    if (!isWhole || (report?.leftOut.length ?? 0) > 0) process.exitCode = 1
  } catch (error) {
    line.clear()
    process.stderr.write(`tsq import: ${(error as Error).message}\n`)
    process.exitCode = 1
  }
}

function describe({ topics, leftOut }: ImportReport): string {
  const lines: string[] = []
  for (const topic of topics) {
    lines.push(`${topic.name}: ${counted(topic.messages, 'message')}`)
    for (const { name, owed } of topic.channels) lines.push(`  ${name}: ${owed} to be delivered`)
    for (const { file, fromByte, toByte } of topic.unread) {
      lines.push(`  bytes ${fromByte}-${toByte} of ${file} hold no readable message`)
    }
  }
  for (const sentence of leftOut) lines.push(`left out: ${sentence}`)
  lines.push(`imported ${counted(topics.length, 'topic')}; the old files are as they were`)
  return lines.join('\n')
}
