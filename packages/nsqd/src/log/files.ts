import fs from 'node:fs'
import path from 'node:path'

import { doAll, type Steps } from '../steps.ts'

/** Written between two pauses: a fraction of a millisecond into the page cache. */
const MAX_STEP_BYTES = 512 * 1024

/**
 * Everything the log asks of a file system. Tests put an in-memory or a fault-injecting one in its place.
 * Paths are absolute; descriptors are whatever `open` returned. Calls throw what the system says (`error.code`).
 */
export interface LogFiles {
  makeFolder(folder: string): void
  /** Names in a folder, in no order; none where the folder is absent. */
  list(folder: string): string[]
  /** `append` creates the file and writes at its end; `read` never creates. */
  open(file: string, mode: 'append' | 'read'): number
  close(descriptor: number): void
  size(descriptor: number): number
  /** Writes at the end of the file. May write less than asked; the caller goes on or gives up. */
  writev(descriptor: number, buffers: readonly Uint8Array[]): number
  read(descriptor: number, target: Uint8Array, length: number, position: number): number
  /** Like `read`, without holding up the event loop. `target` is lent until `done`. */
  readLater(
    descriptor: number,
    target: Uint8Array,
    length: number,
    position: number,
    done: (error: Error | null, bytesRead: number) => void,
  ): void
  truncate(descriptor: number, bytes: number): void
  /** Brings a file's data to the device. */
  syncLater(descriptor: number, done: (error: Error | null) => void): void
  /** Makes the entries of a folder (names of new files) durable. */
  syncFolder(folder: string): void
  readWhole(file: string): Buffer | undefined
  /** Replaces a file's content as one step: a reader sees the old or the new, never half. */
  replace(file: string, content: Uint8Array, sync: boolean): void
  /** The same with a large content, which is `parts`. Given up in a pause (`return`) it leaves the old. */
  replaceInSteps(file: string, parts: readonly Uint8Array[], sync: boolean): Steps<void>
  rename(from: string, to: string): void
  remove(file: string): void
  /** Removes a large file without holding up the event loop: freeing its blocks takes milliseconds. */
  removeLater(file: string): void
  removeFolder(folder: string): void
  /** Like `removeLater`, for a folder and all in it. */
  removeFolderLater(folder: string): void
}

/** The real file system. */
export class NodeFiles implements LogFiles {
  makeFolder(folder: string): void {
    fs.mkdirSync(folder, { recursive: true })
  }

  list(folder: string): string[] {
    try {
      return fs.readdirSync(folder)
    } catch (error) {
      if (isMissing(error)) return []
      throw error
    }
  }

  open(file: string, mode: 'append' | 'read'): number {
    return fs.openSync(file, mode === 'append' ? 'a+' : 'r', 0o600)
  }

  close(descriptor: number): void {
    fs.closeSync(descriptor)
  }

  size(descriptor: number): number {
    return fs.fstatSync(descriptor).size
  }

  writev(descriptor: number, buffers: readonly Uint8Array[]): number {
    return buffers.length === 1
      ? fs.writeSync(descriptor, buffers[0]!)
      : fs.writevSync(descriptor, buffers)
  }

  read(descriptor: number, target: Uint8Array, length: number, position: number): number {
    return fs.readSync(descriptor, target, 0, length, position)
  }

  readLater(
    descriptor: number,
    target: Uint8Array,
    length: number,
    position: number,
    done: (error: Error | null, bytesRead: number) => void,
  ): void {
    fs.read(descriptor, target, 0, length, position, done)
  }

  truncate(descriptor: number, bytes: number): void {
    fs.ftruncateSync(descriptor, bytes)
  }

  syncLater(descriptor: number, done: (error: Error | null) => void): void {
    fs.fdatasync(descriptor, done)
  }

  syncFolder(folder: string): void {
    const descriptor = fs.openSync(folder, 'r')
    try {
      fs.fsyncSync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
  }

  readWhole(file: string): Buffer | undefined {
    try {
      return fs.readFileSync(file)
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  replace(file: string, content: Uint8Array, sync: boolean): void {
    doAll(this.replaceInSteps(file, [content], sync))
  }

  *replaceInSteps(file: string, parts: readonly Uint8Array[], sync: boolean): Steps<void> {
    const temporary = `${file}.tmp`
    const descriptor = fs.openSync(temporary, 'w', 0o600)
    let isWhole = false
    try {
      for (const part of parts) {
        for (let written = 0; written < part.length;) {
          if (written > 0) yield
          const length = Math.min(part.length - written, MAX_STEP_BYTES)
          written += fs.writeSync(descriptor, part, written, length)
        }
      }
      if (sync) fs.fsyncSync(descriptor)
      isWhole = true
    } finally {
      fs.closeSync(descriptor)
      if (!isWhole) fs.rmSync(temporary, { force: true })
    }
    fs.renameSync(temporary, file)
    if (sync) this.syncFolder(path.dirname(file))
  }

  rename(from: string, to: string): void {
    fs.renameSync(from, to)
  }

  remove(file: string): void {
    fs.rmSync(file, { force: true })
  }

  removeLater(file: string): void {
    // Should it fail, recovery finds the file again and its messages are known to be settled.
    fs.unlink(file, () => {})
  }

  removeFolder(folder: string): void {
    fs.rmSync(folder, { recursive: true, force: true })
  }

  removeFolderLater(folder: string): void {
    // Should it fail, the next start removes what is left.
    fs.rm(folder, { recursive: true, force: true }, () => {})
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
