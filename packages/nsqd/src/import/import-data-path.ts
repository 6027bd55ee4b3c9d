import fs from 'node:fs'
import path from 'node:path'

import { DataPathError, type DataPathLock, lockDataPath } from '@tsq/daemon'
import { isEphemeralName, parseTopicName, type TopicName } from '@tsq/protocol'

import type { Progress } from '../check/report.ts'
import { type LogFiles, NodeFiles } from '../log/files.ts'
import { TopicFolders } from '../topic-folder.ts'
import { flockHolder } from './flock.ts'
import {
  type DiskQueue,
  findQueues,
  hasOldFiles,
  METADATA_FILE,
  type OldTopic,
  readMetadata,
} from './queue-files.ts'
import { type ImportedTopic, TopicImport } from './topic-import.ts'

/** Says that the files of nsqd 1.x have been imported, and what came of it. */
export const MARKER_FILE = path.join('topics', '.imported')

export interface ImportOptions {
  readonly nodeId: number
  readonly maxBytesPerFile: number
}

export interface ImportReport {
  readonly topics: readonly ImportedTopic[]
  /** Sentences about what was left out, and why. */
  readonly leftOut: readonly string[]
  /** Modification time of `nsqd.dat`, by which a later run of nsqd 1.x is noticed. */
  readonly metadataTimeMs: number
}

/** Whether there are files of nsqd 1.x that were never imported, or that were and have changed since. */
export function importState(dataPath: string): 'nothing' | 'wanted' | 'done' | 'changed' {
  if (!hasOldFiles(dataPath)) return 'nothing'
  const marker = path.join(dataPath, MARKER_FILE)
  if (!fs.existsSync(marker)) return 'wanted'
  const { metadataTimeMs } = JSON.parse(fs.readFileSync(marker, 'utf8')) as ImportReport
  return metadataTimeMs === timeOf(dataPath) ? 'done' : 'changed'
}

/**
 * Imports what nsqd 1.x left on a data path, for a start to go on with. The old files stay as they are. A topic is
 * there whole or not at all, so an interrupted import is simply run again.
 *
 * @throws {DataPathError} while an nsqd runs there, {MetadataError}, or what the disk says.
 */
export async function importDataPath(
  dataPath: string,
  options: ImportOptions,
  onProgress?: (progress: Progress) => void,
): Promise<ImportReport | undefined> {
  await using lock = await lockDataPath(dataPath)
  return await importLocked(lock, options, onProgress)
}

/** As {@link importDataPath}, for who holds the lock. Undefined where there is nothing to import. */
export async function importLocked(
  { path: dataPath }: Pick<DataPathLock, 'path'>,
  options: ImportOptions,
  onProgress?: (progress: Progress) => void,
): Promise<ImportReport | undefined> {
  if (importState(dataPath) !== 'wanted') return undefined
  const holder = flockHolder(dataPath)
  if (holder !== undefined) {
    throw new DataPathError(dataPath, `is in use by another nsqd (process ${holder})`)
  }
  const files = new NodeFiles()
  const { topics, queues, leftOut } = plan(dataPath)
  const folders = new TopicFolders(files, dataPath, true)
  const totalBytes = 2 * queues.reduce((sum, queue) => sum + unreadBytes(queue), 0)
  let doneBytes = 0
  const imported: ImportedTopic[] = []
  for (const { name, old } of topics) {
    const existing = folders.find(name)
    if (existing !== undefined) {
      // Whole already: by an import that was interrupted later, or not by one at all.
      const content = files.readWhole(path.join(existing, 'imported.json'))
      if (content === undefined)
        leftOut.push(`topic ${name} is there already: its old files are left alone`)
      else imported.push(JSON.parse(content.toString()) as ImportedTopic)
      continue
    }
    const own = queues.filter((queue) => queue.topic === name)
    const draft = folders.draft(name)
    const steps = new TopicImport(draft, old, own, { files, ...options }).run()
    let step = await steps.next()
    while (step.done !== true) {
      doneBytes += step.value
      onProgress?.({ topic: name, doneBytes, totalBytes })
      step = await steps.next()
    }
    files.syncFolder(draft.path)
    folders.adopt(draft)
    imported.push(step.value)
  }
  const report = { topics: imported, leftOut, metadataTimeMs: timeOf(dataPath) }
  writeMarker(files, dataPath, report)
  return report
}

function writeMarker(files: LogFiles, dataPath: string, report: ImportReport): void {
  const text = `${JSON.stringify(report, undefined, 2)}\n`
  files.replace(path.join(dataPath, MARKER_FILE), Buffer.from(text), true)
}

function timeOf(dataPath: string): number {
  const stat = fs.statSync(path.join(dataPath, METADATA_FILE), { throwIfNoEntry: false })
  return stat?.mtimeMs ?? 0
}

function unreadBytes({ files }: DiskQueue): number {
  return files.reduce((sum, { bytes, fromByte }) => sum + bytes - fromByte, 0)
}

/** Topics and channels of `nsqd.dat`, and those that only have files. */
function plan(dataPath: string): {
  topics: { name: TopicName; old: OldTopic }[]
  queues: DiskQueue[]
  leftOut: string[]
} {
  const { queues: found, strangers } = findQueues(dataPath)
  const leftOut = strangers.map((name) => `${name} belongs to no topic or channel`)
  const topics = new Map<TopicName, OldTopic>()
  for (const old of readMetadata(dataPath)) {
    const name = parseTopicName(old.name)
    if (name === undefined) leftOut.push(`"${old.name}" is no name of a topic`)
    else if (!isEphemeralName(name)) topics.set(name, withoutOddChannels(old, leftOut))
  }
  const queues: DiskQueue[] = []
  for (const queue of found) {
    const name = queue.topic as TopicName
    if (isEphemeralName(name) || (queue.channel !== undefined && isEphemeralName(queue.channel))) {
      if (queue.files.length > 0)
        leftOut.push(`the queue of ${titleOf(queue)} is of an ephemeral one`)
      continue
    }
    queues.push(queue)
    const old = topics.get(name) ?? { name, isPaused: false, channels: [] }
    const { channel } = queue
    const isKnown = channel === undefined || old.channels.some((known) => known.name === channel)
    topics.set(
      name,
      isKnown ? old : { ...old, channels: [...old.channels, { name: channel, isPaused: false }] },
    )
  }
  return { topics: Array.from(topics, ([name, old]) => ({ name, old })), queues, leftOut }
}

function withoutOddChannels(old: OldTopic, leftOut: string[]): OldTopic {
  const channels = old.channels.filter(({ name }) => {
    const isOdd = parseTopicName(name) === undefined
    if (isOdd) leftOut.push(`"${name}" is no name of a channel`)
    return !isOdd && !isEphemeralName(name)
  })
  return { ...old, channels }
}

function titleOf({ topic, channel }: DiskQueue): string {
  return channel === undefined ? `topic ${topic}` : `channel ${topic}/${channel}`
}
