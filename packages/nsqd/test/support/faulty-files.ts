import path from 'node:path'

import type { LogFiles } from '../../src/log/files.ts'
import { doAll, type Steps } from '../../src/steps.ts'
import type { MemoryFiles } from './memory-files.ts'

/** The calls that a test can make fail. */
export type FailingCall =
  | 'makeFolder'
  | 'open'
  | 'writev'
  | 'readLater'
  | 'truncate'
  | 'syncLater'
  | 'syncFolder'
  | 'replace'
  | 'rename'
  | 'remove'

export function systemError(code: string, text: string): Error {
  return Object.assign(new Error(`${code}: ${text}`), { code })
}

/** What a full device says. */
export const noSpace = (): Error => systemError('ENOSPC', 'no space left on device')
/** What a broken device says. */
export const inputOutput = (): Error => systemError('EIO', 'i/o error')

/** Files that fail when a test says so. */
export class FaultyFiles implements LogFiles {
  readonly #inner: MemoryFiles
  readonly #names = new Map<number, string>()
  readonly #failures = new Map<FailingCall, { error: () => Error; file: RegExp }>()
  /** Bytes that the device still takes; a write past it is cut short, the next fails. */
  roomBytes = Infinity

  constructor(inner: MemoryFiles) {
    this.#inner = inner
  }

  get schedule(): (run: () => void) => void {
    return this.#inner.schedule
  }

  set schedule(schedule: (run: () => void) => void) {
    this.#inner.schedule = schedule
  }

  /** From now on the call fails, for files whose name matches. */
  fail(call: FailingCall, error: () => Error, file = /./): void {
    this.#failures.set(call, { error, file })
  }

  /** From now on the call works again; all calls where none is named. */
  heal(call?: FailingCall): void {
    if (call === undefined) this.#failures.clear()
    else this.#failures.delete(call)
    this.roomBytes = Infinity
  }

  #errorOf(call: FailingCall, file: string): Error | undefined {
    const failure = this.#failures.get(call)
    return failure?.file.test(path.basename(file)) === true ? failure.error() : undefined
  }

  #check(call: FailingCall, file: string): void {
    const error = this.#errorOf(call, file)
    if (error !== undefined) throw error
  }

  #nameOf(descriptor: number): string {
    return this.#names.get(descriptor) ?? ''
  }

  makeFolder(folder: string): void {
    this.#check('makeFolder', folder)
    this.#inner.makeFolder(folder)
  }

  list(folder: string): string[] {
    return this.#inner.list(folder)
  }

  open(file: string, mode: 'append' | 'read'): number {
    this.#check('open', file)
    const descriptor = this.#inner.open(file, mode)
    this.#names.set(descriptor, file)
    return descriptor
  }

  close(descriptor: number): void {
    this.#names.delete(descriptor)
    this.#inner.close(descriptor)
  }

  size(descriptor: number): number {
    return this.#inner.size(descriptor)
  }

  writev(descriptor: number, buffers: readonly Uint8Array[]): number {
    this.#check('writev', this.#nameOf(descriptor))
    const whole = Buffer.concat(buffers)
    if (whole.length <= this.roomBytes) {
      this.roomBytes -= whole.length
      return this.#inner.writev(descriptor, [whole])
    }
    if (this.roomBytes === 0) throw noSpace()
    const part = whole.subarray(0, this.roomBytes)
    this.roomBytes = 0
    return this.#inner.writev(descriptor, [part])
  }

  read(descriptor: number, target: Uint8Array, length: number, position: number): number {
    return this.#inner.read(descriptor, target, length, position)
  }

  readLater(
    descriptor: number,
    target: Uint8Array,
    length: number,
    position: number,
    done: (error: Error | null, bytesRead: number) => void,
  ): void {
    const error = this.#errorOf('readLater', this.#nameOf(descriptor))
    this.#inner.readLater(descriptor, target, length, position, (inner, bytesRead) => {
      if (error === undefined) done(inner, bytesRead)
      else done(error, 0)
    })
  }

  truncate(descriptor: number, bytes: number): void {
    this.#check('truncate', this.#nameOf(descriptor))
    this.#inner.truncate(descriptor, bytes)
  }

  syncLater(descriptor: number, done: (error: Error | null) => void): void {
    const error = this.#errorOf('syncLater', this.#nameOf(descriptor))
    if (error === undefined) this.#inner.syncLater(descriptor, done)
    else this.schedule(() => done(error))
  }

  syncFolder(folder: string): void {
    this.#check('syncFolder', folder)
    this.#inner.syncFolder(folder)
  }

  readWhole(file: string): Buffer | undefined {
    return this.#inner.readWhole(file)
  }

  replace(file: string, content: Uint8Array, sync: boolean): void {
    doAll(this.replaceInSteps(file, [content], sync))
  }

  *replaceInSteps(file: string, parts: readonly Uint8Array[], sync: boolean): Steps<void> {
    this.#check('replace', file)
    if (parts.reduce((sum, part) => sum + part.length, 0) > this.roomBytes) throw noSpace()
    yield* this.#inner.replaceInSteps(file, parts, sync)
  }

  rename(from: string, to: string): void {
    this.#check('rename', from)
    this.#inner.rename(from, to)
  }

  remove(file: string): void {
    this.#check('remove', file)
    this.#inner.remove(file)
  }

  removeLater(file: string): void {
    this.remove(file)
  }

  removeFolderLater(folder: string): void {
    this.removeFolder(folder)
  }

  removeFolder(folder: string): void {
    this.#inner.removeFolder(folder)
  }
}
