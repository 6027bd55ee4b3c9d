// topics/
//   .epoch                    how many topics were ever made here
//   .running                  there while an nsqd runs; still there at the next start after a kill. Holds how many
//                             stops in a row were kills
//   <topic>/topic.json        its name, epoch, paused state
//   <topic>/<channel>.channel a checkpoint
//   <topic>/<sequence>.log    a segment, and its .index
//
// Upper-case letters stand percent-encoded in file names, since some file systems do not tell them apart, and so does
// a leading dot.

import path from 'node:path'

import { isValidName, type TopicName, parseTopicName } from '@tsq/protocol'

import type { LogFiles } from './log/files.ts'
import type { Steps } from './steps.ts'

const CHANNEL_SUFFIX = '.channel'
export const STATE_FILE = 'topic.json'
export const HALF_MADE = '+new-'
export const HALF_DELETED = '+deleted-'

/** What of a topic itself must be there after a restart. */
export interface TopicState {
  readonly isPaused: boolean
  /** Messages from here on have been given to no channel; only meant while paused or without channels. */
  readonly releasedSequence: number
  /** Ranges without messages, end exclusive. */
  readonly holes: readonly (readonly [number, number])[]
  /** Every id prefix that messages of this topic were given: one for each `--node-id` it ran under. */
  readonly idPrefixes: readonly number[]
}

const FRESH_STATE: TopicState = { isPaused: false, releasedSequence: 1, holes: [], idPrefixes: [] }

/** The folder of one topic. Everything in it is replaced as one step or appended to, never half written. */
export class TopicFolder {
  readonly path: string
  readonly name: TopicName
  readonly epoch: number
  /** What was kept of the topic could not be read. */
  isStateLost = false
  readonly #files: LogFiles
  readonly #sync: boolean
  #state: TopicState

  constructor(
    files: LogFiles,
    folder: string,
    name: TopicName,
    epoch: number,
    state: TopicState,
    sync: boolean,
  ) {
    this.#files = files
    this.path = folder
    this.name = name
    this.epoch = epoch
    this.#state = state
    this.#sync = sync
  }

  /** What was last written. */
  get state(): TopicState {
    return this.#state
  }

  writeState(state: TopicState): void {
    this.#state = state
    this.#files.replace(path.join(this.path, STATE_FILE), encodeState(this), this.#sync)
  }

  readChannels(): [name: string, checkpoint: Buffer][] {
    const channels: [string, Buffer][] = []
    for (const file of this.#files.list(this.path)) {
      if (!file.endsWith(CHANNEL_SUFFIX)) continue
      const name = decodeName(file.slice(0, -CHANNEL_SUFFIX.length))
      const content = this.#files.readWhole(path.join(this.path, file))
      if (content !== undefined && isValidName(name)) channels.push([name, content])
    }
    return channels
  }

  /**
   * Writes a channel's checkpoint. That a channel exists, and is paused, must be as durable as the messages it is owed; else
   * an older checkpoint only makes finished messages come again, so it is not waited for.
   *
   * @param mustLast whether this one must be durable where acknowledged messages are.
   */
  writeChannelInSteps(
    name: string,
    checkpoint: readonly Uint8Array[],
    mustLast: boolean,
  ): Steps<void> {
    return this.#files.replaceInSteps(this.#channelFile(name), checkpoint, this.#sync && mustLast)
  }

  removeChannel(name: string): void {
    this.#files.remove(this.#channelFile(name))
  }

  #channelFile(name: string): string {
    return path.join(this.path, encodeName(name) + CHANNEL_SUFFIX)
  }
}

/** All topics' folders under a data path. */
export class TopicFolders {
  readonly root: string
  readonly #files: LogFiles
  readonly #sync: boolean
  #epoch: number

  /** @param sync whether what is written must be durable before the call returns (`--ack-after=fsync`). */
  constructor(files: LogFiles, dataPath: string, sync: boolean) {
    this.#files = files
    this.#sync = sync
    this.root = path.join(dataPath, 'topics')
    files.makeFolder(this.root)
    if (sync) files.syncFolder(dataPath)
    this.#epoch = Number(files.readWhole(this.#epochFile)?.toString('latin1') ?? 0) || 0
  }

  get #epochFile(): string {
    return path.join(this.root, '.epoch')
  }

  get #runningFile(): string {
    return path.join(this.root, '.running')
  }

  /** Notes that an nsqd runs here; returns how many in a row, up to the one before, did not stop in order. */
  begin(): number {
    const left = this.#files.readWhole(this.#runningFile)
    const uncleanStops = left === undefined ? 0 : 1 + (Number(left.toString('latin1')) || 0)
    this.#files.replace(this.#runningFile, Buffer.from(`${uncleanStops}\n`), true)
    return uncleanStops
  }

  /** Notes that everything is persisted. */
  end(): void {
    this.#files.remove(this.#runningFile)
  }

  /** The topics that are there. Folders half made or half deleted at a kill are removed. */
  open(onDamage: (text: string) => void): TopicFolder[] {
    const folders: TopicFolder[] = []
    for (const entry of this.#files.list(this.root)) {
      if (entry.startsWith('.')) continue
      const folder = path.join(this.root, entry)
      if (entry.startsWith(HALF_MADE) || entry.startsWith(HALF_DELETED)) {
        this.#files.removeFolder(folder)
        continue
      }
      const name = parseTopicName(decodeName(entry))
      if (name === undefined) continue
      const known = decodeState(this.#files.readWhole(path.join(folder, STATE_FILE)))
      if (known === undefined)
        onDamage(`${folder}/${STATE_FILE} is damaged: topic ${name} starts unpaused`)
      const epoch = known?.epoch ?? this.#nextEpoch()
      this.#epoch = Math.max(this.#epoch, epoch)
      const opened = new TopicFolder(
        this.#files,
        folder,
        name,
        epoch,
        known ?? FRESH_STATE,
        this.#sync,
      )
      opened.isStateLost = known === undefined
      folders.push(opened)
    }
    return folders
  }

  /** The folder of a topic that is there. */
  find(name: TopicName): string | undefined {
    const folder = encodeName(name)
    return this.#files.list(this.root).includes(folder) ? path.join(this.root, folder) : undefined
  }

  create(name: TopicName): TopicFolder {
    const draft = this.draft(name)
    draft.writeState(FRESH_STATE)
    return this.adopt(draft)
  }

  /** A folder that is no topic yet; a start removes it. */
  draft(name: TopicName): TopicFolder {
    const half = path.join(this.root, HALF_MADE + encodeName(name))
    this.#files.removeFolder(half)
    this.#files.makeFolder(half)
    const epoch = this.#nextEpoch()
    return new TopicFolder(this.#files, half, name, epoch, FRESH_STATE, this.#sync)
  }

  /** Makes a topic of a draft. */
  adopt(draft: TopicFolder): TopicFolder {
    const final = path.join(this.root, encodeName(draft.name))
    this.#files.rename(draft.path, final)
    if (this.#sync) this.#files.syncFolder(this.root)
    return new TopicFolder(this.#files, final, draft.name, draft.epoch, draft.state, this.#sync)
  }

  remove(folder: TopicFolder): void {
    const doomed = path.join(this.root, `${HALF_DELETED}${folder.epoch}-${encodeName(folder.name)}`)
    this.#files.rename(folder.path, doomed)
    this.#files.removeFolderLater(doomed)
  }

  /** For a topic without a folder. */
  ephemeralEpoch(): number {
    return this.#nextEpoch()
  }

  #nextEpoch(): number {
    this.#epoch += 1
    this.#files.replace(this.#epochFile, Buffer.from(String(this.#epoch)), this.#sync)
    return this.#epoch
  }
}

function encodeState(folder: TopicFolder): Buffer {
  const { name, epoch, state } = folder
  return Buffer.from(`${JSON.stringify({ version: 1, name, epoch, ...state }, undefined, 2)}\n`)
}

export function decodeState(
  content: Buffer | undefined,
): (TopicState & { epoch: number }) | undefined {
  if (content === undefined) return undefined
  try {
    const { epoch, isPaused, releasedSequence, holes, idPrefixes } = JSON.parse(
      content.toString(),
    ) as Partial<TopicState & { epoch: number }>
    if (typeof epoch !== 'number' || typeof releasedSequence !== 'number') return undefined
    return {
      epoch,
      isPaused: isPaused === true,
      releasedSequence,
      holes: holes ?? [],
      idPrefixes: idPrefixes ?? [],
    }
  } catch {
    return undefined
  }
}

function encodeName(name: string): string {
  const text = name.replace(/[A-Z]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)
  // `.` and `..` are names of topics, and of folders.
  return text.startsWith('.') ? `%2e${text.slice(1)}` : text
}

export function decodeName(file: string): string {
  return file.replace(/%([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
