import fs from 'node:fs'
import path from 'node:path'

import { lockDataPath, StartupError } from '@tsq/daemon'
import { parseTopicName } from '@tsq/protocol'

import { importState } from '../import/import-data-path.ts'
import { hasOldFiles, METADATA_FILE } from '../import/queue-files.ts'
import { NodeFiles } from '../log/files.ts'
import { parseSegmentName } from '../log/segment.ts'
import { decodeName, HALF_DELETED, HALF_MADE } from '../topic-folder.ts'
import type { DataPathReport, Finding, Progress, TopicReport } from './report.ts'
import { TopicCheck } from './topic-check.ts'

/** Something to show how far it is; called often. */
export type OnProgress = (progress: Progress) => void

/**
 * Reads and checks everything under a data path, changing nothing.
 *
 * @throws {DataPathError} while an nsqd runs on it.
 */
export async function checkDataPath(
  dataPath: string,
  onProgress?: OnProgress,
): Promise<DataPathReport> {
  await using lock = await lockDataPath(dataPath)
  return await look(lock.path, true, onProgress)
}

/** What is under a data path, as far as indexes and headers tell. An nsqd may run on it. */
export async function describeDataPath(
  dataPath: string,
  onProgress?: OnProgress,
): Promise<DataPathReport> {
  if (!fs.existsSync(dataPath)) throw new StartupError(`${dataPath} does not exist`)
  return await look(path.resolve(dataPath), false, onProgress)
}

async function look(
  dataPath: string,
  isDeep: boolean,
  onProgress: OnProgress | undefined,
): Promise<DataPathReport> {
  const files = new NodeFiles()
  const root = path.join(dataPath, 'topics')
  if (!fs.existsSync(root) && !hasOldFiles(dataPath)) {
    throw new StartupError(`${dataPath} is no data path of nsqd: there is no folder topics in it`)
  }
  const findings: Finding[] = []
  const isMarkedRunning = files.readWhole(path.join(root, '.running')) !== undefined
  if (isDeep && isMarkedRunning) {
    const text = 'the last nsqd did not stop in order: a start skips ahead in sequence numbers'
    findings.push({ severity: 'note', where: 'topics/.running', text })
  }
  if (isDeep && importState(dataPath) === 'wanted') {
    const text = 'and queue files are of nsqd 1.x: a start imports them'
    findings.push({ severity: 'note', where: METADATA_FILE, text })
  }
  const folders = files.list(root).toSorted()
  const totalBytes = segmentBytes(root, folders)
  const topics: TopicReport[] = []
  let doneBytes = 0
  for (const entry of folders) {
    if (entry.startsWith('.')) continue
    const where = `topics/${entry}`
    if (entry.startsWith(HALF_MADE) || entry.startsWith(HALF_DELETED)) {
      findings.push({
        severity: 'note',
        where,
        text: 'is half made or deleted: a start removes it',
      })
      continue
    }
    const name = parseTopicName(decodeName(entry))
    if (name === undefined) {
      findings.push({ severity: 'note', where, text: 'is no topic: a start leaves it alone' })
      continue
    }
    const check = new TopicCheck(files, path.join(root, entry), name, { isDeep, isMarkedRunning })
    const steps = check.run()
    let step = steps.next()
    while (step.done !== true) {
      doneBytes += step.value
      onProgress?.({ topic: name, doneBytes, totalBytes })
      // Whoever asks whether the data path is in use gets an answer between segments.
      await new Promise((resolve) => setImmediate(resolve))
      step = steps.next()
    }
    topics.push(step.value)
    findings.push(...check.findings)
  }
  return {
    dataPath,
    topics,
    findings,
    isMarkedRunning,
    bytes: topics.reduce((sum, { bytes }) => sum + bytes, 0),
    messages: topics.reduce((sum, { messages }) => sum + messages, 0),
  }
}

function segmentBytes(root: string, folders: readonly string[]): number {
  let bytes = 0
  for (const entry of folders) {
    if (entry.startsWith('.')) continue
    for (const name of new NodeFiles().list(path.join(root, entry))) {
      if (parseSegmentName(name) === undefined) continue
      bytes += fs.statSync(path.join(root, entry, name), { throwIfNoEntry: false })?.size ?? 0
    }
  }
  return bytes
}
