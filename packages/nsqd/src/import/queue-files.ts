// The files of nsqd 1.x on a data path.
//
//   nsqd.dat                                topics, channels, what is paused
//   <base>.diskqueue.meta.dat               depth LF read-file,read-position LF write-file,write-position LF
//   <base>.diskqueue.NNNNNN.dat[.bad]       records
//
// <base> is <topic>, or <topic>:<channel> (on Windows <topic>;<channel>).

import fs from 'node:fs'
import path from 'node:path'

import { isValidName } from '@tsq/protocol'

export const METADATA_FILE = 'nsqd.dat'
const QUEUE_FILE = /^(.+)\.diskqueue\.(?:(\d{6,})\.dat(\.bad)?|meta\.dat)$/
const QUEUE_META = /^(-?\d+)\n(\d+),(\d+)\n(\d+),(\d+)\n/

/** A data file of a queue, and where its messages begin that were not read yet. */
export interface QueueFile {
  readonly file: string
  readonly fromByte: number
  readonly bytes: number
}

/** One queue on disk: a topic's own, or a channel's. */
export interface DiskQueue {
  readonly topic: string
  /** Undefined for the topic's own. */
  readonly channel: string | undefined
  /** In the order in which they were written, those set aside first. */
  readonly files: readonly QueueFile[]
}

export interface OldChannel {
  readonly name: string
  readonly isPaused: boolean
}

export interface OldTopic {
  readonly name: string
  readonly isPaused: boolean
  readonly channels: readonly OldChannel[]
}

/** `nsqd.dat` is there and cannot be understood. */
export class MetadataError extends Error {
  override readonly name = 'MetadataError'
  readonly code = 'ERR_METADATA'
}

/** Whether there is anything of nsqd 1.x. */
export function hasOldFiles(dataPath: string): boolean {
  return fs.readdirSync(dataPath).some((name) => name === METADATA_FILE || QUEUE_FILE.test(name))
}

/**
 * Topics and channels as `nsqd.dat` has them; none where it is missing.
 *
 * @throws {MetadataError}
 */
export function readMetadata(dataPath: string): OldTopic[] {
  const file = path.join(dataPath, METADATA_FILE)
  if (!fs.existsSync(file)) return []
  try {
    const { topics } = JSON.parse(fs.readFileSync(file, 'utf8')) as {
      topics: OldTopicEntry[] | null
    }
    return (topics ?? []).map(({ name, paused, channels }) => ({
      name: String(name),
      isPaused: paused === true,
      channels: (channels ?? []).map((channel) => ({
        name: String(channel.name),
        isPaused: channel.paused === true,
      })),
    }))
  } catch (error) {
    throw new MetadataError(
      `failed to load metadata - failed to parse metadata in ${file} - ${(error as Error).message}`,
      { cause: error },
    )
  }
}

/** What the file should hold. */
interface OldChannelEntry {
  readonly name: unknown
  readonly paused?: unknown
}

interface OldTopicEntry extends OldChannelEntry {
  readonly channels?: OldChannelEntry[] | null
}

/** Every queue that has files, and names of files that belong to none. */
export function findQueues(dataPath: string): { queues: DiskQueue[]; strangers: string[] } {
  const byBase = new Map<string, { numbers: [number, string][]; bad: [number, string][] }>()
  const strangers: string[] = []
  for (const name of fs.readdirSync(dataPath).toSorted()) {
    const match = QUEUE_FILE.exec(name)
    if (match === null) continue
    const [, base = '', number, bad] = match
    if (splitBase(base) === undefined) {
      strangers.push(name)
      continue
    }
    const found = byBase.get(base) ?? { numbers: [], bad: [] }
    byBase.set(base, found)
    if (number !== undefined)
      (bad === undefined ? found.numbers : found.bad).push([Number(number), name])
  }
  const queues = Array.from(byBase, ([base, { numbers, bad }]) => {
    const { topic, channel } = splitBase(base)!
    const meta = readMeta(path.join(dataPath, `${base}.diskqueue.meta.dat`))
    const files = bad.toSorted(byNumber).map(([, name]) => queueFile(dataPath, name, 0))
    for (const [number, name] of numbers.toSorted(byNumber)) {
      // What lies below the read position has been delivered, or copied to the channels.
      if (number < meta.file) continue
      files.push(queueFile(dataPath, name, number === meta.file ? meta.position : 0))
    }
    return { topic, channel, files }
  })
  return { queues, strangers }
}

function byNumber(a: [number, string], b: [number, string]): number {
  return a[0] - b[0]
}

function queueFile(dataPath: string, name: string, fromByte: number): QueueFile {
  const file = path.join(dataPath, name)
  const bytes = fs.statSync(file).size
  return { file, fromByte: Math.min(fromByte, bytes), bytes }
}

/** Where reading goes on. Without it, or where it is damaged, everything counts as unread. */
function readMeta(file: string): { file: number; position: number } {
  const match = fs.existsSync(file) ? QUEUE_META.exec(fs.readFileSync(file, 'latin1')) : null
  return match === null
    ? { file: 0, position: 0 }
    : { file: Number(match[2]), position: Number(match[3]) }
}

function splitBase(base: string): { topic: string; channel: string | undefined } | undefined {
  const at = base.search(/[:;]/)
  const topic = at === -1 ? base : base.slice(0, at)
  const channel = at === -1 ? undefined : base.slice(at + 1)
  if (!isValidName(topic) || (channel !== undefined && !isValidName(channel))) return undefined
  return { topic, channel }
}
