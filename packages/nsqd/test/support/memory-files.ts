// A file system in memory, with what a power cut would leave of it.
//
// It keeps apart what was written and what was brought to the device: of each file how many bytes were synced, of each
// folder which entries. `afterPowerCut` makes of that the file system which the next process finds.

import path from 'node:path'

import type { LogFiles } from '../../src/log/files.ts'
import { doAll, type Steps } from '../../src/steps.ts'

class MemoryFile {
  bytes = Buffer.alloc(0)
  length = 0
  syncedLength = 0

  get content(): Buffer {
    return this.bytes.subarray(0, this.length)
  }

  append(part: Uint8Array): void {
    const length = this.length + part.length
    if (length > this.bytes.length) {
      const grown = Buffer.alloc(Math.max(length, this.bytes.length * 2, 1024))
      this.bytes.copy(grown, 0, 0, this.length)
      this.bytes = grown
    }
    this.bytes.set(part, this.length)
    this.length = length
  }

  sync(): void {
    this.syncedLength = this.length
  }
}

class MemoryFolder {
  entries = new Map<string, MemoryNode>()
  syncedEntries = new Map<string, MemoryNode>()
}

type MemoryNode = MemoryFile | MemoryFolder

/** What a power cut does to what was not synced. */
export interface PowerCut {
  /** What is left of a file: at least its first `syncedBytes`. */
  contentLeft(file: string, content: Buffer, syncedBytes: number): Buffer
  /** Whether a name that was made, replaced or removed since its folder was synced is as the process left it. */
  isEntryKept(file: string): boolean
}

/** Nothing that was not synced survives. */
export const HARSHEST_CUT: PowerCut = {
  contentLeft: (_file, content, syncedBytes) => content.subarray(0, syncedBytes),
  isEntryKept: () => false,
}

function fileError(code: string, file: string): Error {
  return Object.assign(new Error(`${code}: ${file}`), { code })
}

export class MemoryFiles implements LogFiles {
  #root = new MemoryFolder()
  readonly #open = new Map<number, MemoryFile>()
  #descriptors = 0
  /** When `readLater` and `syncLater` do their work; tests may do it by hand. */
  schedule: (run: () => void) => void

  constructor(schedule: (run: () => void) => void = setImmediate) {
    this.schedule = schedule
  }

  // ---- For tests ------------------------------------------------------------------------------------------------

  /** The same content on its own, for a process started on it after a kill. */
  clone(): MemoryFiles {
    const copy = new MemoryFiles()
    copy.#root = copyFolder(this.#root)
    return copy
  }

  /** What the next process finds when the power fails now. */
  afterPowerCut(cut: PowerCut): MemoryFiles {
    const left = new MemoryFiles()
    left.#root = cutFolder(this.#root, '/', cut)
    return left
  }

  /** Sets a file's content as if by other means; it counts as synced. */
  put(file: string, content: Uint8Array): void {
    const made = new MemoryFile()
    made.append(content)
    made.sync()
    const folder = this.#folderOf(file)
    folder.entries.set(path.basename(file), made)
    folder.syncedEntries.set(path.basename(file), made)
  }

  /** Paths of all files, sorted. */
  allFiles(): string[] {
    const files: string[] = []
    const walk = (folder: MemoryFolder, at: string): void => {
      for (const [name, node] of folder.entries) {
        if (node instanceof MemoryFolder) walk(node, path.join(at, name))
        else files.push(path.join(at, name))
      }
    }
    walk(this.#root, '/')
    return files.toSorted()
  }

  get openCount(): number {
    return this.#open.size
  }

  // ---- LogFiles -------------------------------------------------------------------------------------------------

  makeFolder(folder: string): void {
    let at = this.#root
    for (const name of namesIn(folder)) {
      let next = at.entries.get(name)
      if (next === undefined) at.entries.set(name, (next = new MemoryFolder()))
      if (next instanceof MemoryFile) throw fileError('ENOTDIR', folder)
      at = next
    }
  }

  list(folder: string): string[] {
    const node = this.#find(folder)
    return node instanceof MemoryFolder ? [...node.entries.keys()] : []
  }

  open(file: string, mode: 'append' | 'read'): number {
    let node = this.#find(file)
    if (node === undefined) {
      if (mode === 'read') throw fileError('ENOENT', file)
      node = new MemoryFile()
      this.#folderOf(file).entries.set(path.basename(file), node)
    }
    if (node instanceof MemoryFolder) throw fileError('EISDIR', file)
    this.#descriptors += 1
    this.#open.set(this.#descriptors, node)
    return this.#descriptors
  }

  close(descriptor: number): void {
    if (!this.#open.delete(descriptor)) throw fileError('EBADF', String(descriptor))
  }

  size(descriptor: number): number {
    return this.#file(descriptor).length
  }

  writev(descriptor: number, buffers: readonly Uint8Array[]): number {
    const file = this.#file(descriptor)
    let bytes = 0
    for (const buffer of buffers) {
      file.append(buffer)
      bytes += buffer.length
    }
    return bytes
  }

  read(descriptor: number, target: Uint8Array, length: number, position: number): number {
    const part = this.#file(descriptor).content.subarray(position, position + length)
    target.set(part)
    return part.length
  }

  readLater(
    descriptor: number,
    target: Uint8Array,
    length: number,
    position: number,
    done: (error: Error | null, bytesRead: number) => void,
  ): void {
    this.schedule(() => done(null, this.read(descriptor, target, length, position)))
  }

  truncate(descriptor: number, bytes: number): void {
    const file = this.#file(descriptor)
    file.length = Math.min(file.length, bytes)
    file.syncedLength = Math.min(file.syncedLength, bytes)
  }

  syncLater(descriptor: number, done: (error: Error | null) => void): void {
    const file = this.#file(descriptor)
    // What is written after the call need not be covered.
    const { length } = file
    this.schedule(() => {
      file.syncedLength = Math.max(file.syncedLength, Math.min(length, file.length))
      done(null)
    })
  }

  syncFolder(folder: string): void {
    const node = this.#find(folder)
    if (!(node instanceof MemoryFolder)) throw fileError('ENOENT', folder)
    node.syncedEntries = new Map(node.entries)
  }

  readWhole(file: string): Buffer | undefined {
    const node = this.#find(file)
    if (node instanceof MemoryFolder) throw fileError('EISDIR', file)
    return node === undefined ? undefined : Buffer.from(node.content)
  }

  replace(file: string, content: Uint8Array, sync: boolean): void {
    doAll(this.replaceInSteps(file, [content], sync))
  }

  *replaceInSteps(file: string, parts: readonly Uint8Array[], sync: boolean): Steps<void> {
    const made = new MemoryFile()
    for (const part of parts) {
      made.append(part)
      yield
    }
    if (sync) made.sync()
    this.#folderOf(file).entries.set(path.basename(file), made)
    if (sync) this.syncFolder(path.dirname(file))
  }

  rename(from: string, to: string): void {
    const node = this.#find(from)
    if (node === undefined) throw fileError('ENOENT', from)
    const target = this.#find(to)
    if (target instanceof MemoryFolder && target.entries.size > 0) throw fileError('ENOTEMPTY', to)
    this.#folderOf(from).entries.delete(path.basename(from))
    this.#folderOf(to).entries.set(path.basename(to), node)
  }

  remove(file: string): void {
    const folder = this.#find(path.dirname(file))
    if (folder instanceof MemoryFolder) folder.entries.delete(path.basename(file))
  }

  removeLater(file: string): void {
    this.remove(file)
  }

  removeFolderLater(folder: string): void {
    this.removeFolder(folder)
  }

  removeFolder(folder: string): void {
    this.remove(folder)
  }

  // ---- Looking up -----------------------------------------------------------------------------------------------

  #find(file: string): MemoryNode | undefined {
    let at: MemoryNode | undefined = this.#root
    for (const name of namesIn(file)) {
      if (!(at instanceof MemoryFolder)) return undefined
      at = at.entries.get(name)
    }
    return at
  }

  #folderOf(file: string): MemoryFolder {
    const folder = this.#find(path.dirname(file))
    if (!(folder instanceof MemoryFolder)) throw fileError('ENOENT', file)
    return folder
  }

  #file(descriptor: number): MemoryFile {
    const file = this.#open.get(descriptor)
    if (file === undefined) throw fileError('EBADF', String(descriptor))
    return file
  }
}

function namesIn(file: string): string[] {
  return file.split('/').filter((name) => name !== '')
}

function copyFolder(folder: MemoryFolder): MemoryFolder {
  const copy = new MemoryFolder()
  for (const [name, node] of folder.entries) copy.entries.set(name, copyNode(node))
  copy.syncedEntries = new Map(copy.entries)
  return copy
}

function copyNode(node: MemoryNode): MemoryNode {
  if (node instanceof MemoryFolder) return copyFolder(node)
  const copy = new MemoryFile()
  copy.append(node.content)
  copy.sync()
  return copy
}

function cutFolder(folder: MemoryFolder, at: string, cut: PowerCut): MemoryFolder {
  const left = new MemoryFolder()
  const names = new Set([...folder.syncedEntries.keys(), ...folder.entries.keys()])
  for (const name of names) {
    const file = path.join(at, name)
    const now = folder.entries.get(name)
    const synced = folder.syncedEntries.get(name)
    const node = now === synced || cut.isEntryKept(file) ? now : synced
    if (node === undefined) continue
    left.entries.set(name, cutNode(node, file, cut))
  }
  left.syncedEntries = new Map(left.entries)
  return left
}

function cutNode(node: MemoryNode, at: string, cut: PowerCut): MemoryNode {
  if (node instanceof MemoryFolder) return cutFolder(node, at, cut)
  const file = new MemoryFile()
  file.append(cut.contentLeft(at, Buffer.from(node.content), node.syncedLength))
  file.sync()
  return file
}
