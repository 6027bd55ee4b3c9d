// Where files come into being and where they end up: never over a file that is there.

import { constants, type FileHandle, link, mkdir, open, stat, unlink } from 'node:fs/promises'
import path from 'node:path'

import type { Logger } from '@tsq/daemon'

import { FatalError } from '../common/fatal-error.ts'
import { ArchiveFile } from './archive-file.ts'
import { type Compression } from './compression.ts'
import { withRevision } from './file-name.ts'

const FOLDER_MODE = 0o770
const FILE_MODE = 0o666
const LF = 0x0a
/** So many names taken means that something else is wrong. */
const MAX_REVISIONS = 1_000_000

export interface ArchiveFolderSettings {
  readonly workDir: string
  readonly outputDir: string
  /** Whether a file that exists is passed by rather than continued; always so with compression. */
  readonly isExclusive: boolean
  /** A file larger than this is passed by; 0 for any size. */
  readonly rotateSize: number
  readonly compression: Compression
  readonly gzipLevel: number
  readonly logger: Logger
  /** `[topic/channel] `, the beginning of each text logged. */
  readonly subject: string
}

/** A file that is open, and what it is called. */
export interface OpenArchive {
  readonly file: ArchiveFile
  /** With `<REV>` in it, where revisions are told apart. */
  readonly name: string
  readonly revision: number
}

export class ArchiveFolder {
  readonly #settings: ArchiveFolderSettings
  readonly #hasWorkDir: boolean
  #isOneFileSystem: Promise<void> | undefined

  constructor(settings: ArchiveFolderSettings) {
    this.#settings = settings
    this.#hasWorkDir = path.resolve(settings.workDir) !== path.resolve(settings.outputDir)
  }

  /**
   * Opens the first revision of a name, from the given one on, that may be written to.
   *
   * @throws {FatalError} when finished files could not be moved.
   * @throws {Error} what the file system says.
   */
  async open(name: string, firstRevision: number, nowMs: number): Promise<OpenArchive> {
    const { workDir, logger, subject } = this.#settings
    if (this.#hasWorkDir) await (this.#isOneFileSystem ??= this.#checkFileSystems())
    for (let revision = firstRevision; revision < firstRevision + MAX_REVISIONS; revision++) {
      const target = path.join(workDir, withRevision(name, revision))
      if (this.#hasWorkDir && (await this.#isTaken(name, revision))) continue
      await makeFolder(path.dirname(target))
      const handle = await this.#openFile(target)
      if (handle === undefined) continue
      const file = await this.#begin(handle, target, nowMs)
      if (file === undefined) continue
      logger.info(`${subject}opening ${target}`)
      return { file, name, revision }
    }
    throw new Error(`no free revision of ${path.join(workDir, name)}`)
  }

  /** Closes a file, every byte of it synced, and moves it to where it belongs. */
  async finish({ file, name, revision }: OpenArchive): Promise<void> {
    await file.close()
    if (!this.#hasWorkDir) return
    const { outputDir, logger, subject } = this.#settings
    const wanted = path.join(outputDir, withRevision(name, revision))
    logger.info(`${subject}moving finished file ${file.path} to ${wanted}`)
    for (let next = revision; next < revision + MAX_REVISIONS; next++) {
      const target = path.join(outputDir, withRevision(name, next))
      if (!(await linkNew(file.path, target))) {
        logger.warn(`${subject}destination file already exists: ${target}`)
        continue
      }
      // The new name must be there for good before the old one goes.
      await syncFolder(path.dirname(target))
      await unlink(file.path)
      if (next > revision) {
        logger.warn(`${subject}renamed finished file ${file.path} to ${target} to avoid overwrite`)
      }
      return
    }
    throw new Error(`no free revision of ${path.join(outputDir, name)}`)
  }

  /** A hard link can't leave its file system, and it would be late to learn that from the first finished file. */
  async #checkFileSystems(): Promise<void> {
    const devices: number[] = []
    for (const folder of [this.#settings.workDir, this.#settings.outputDir]) {
      await makeFolder(folder)
      devices.push((await stat(folder)).dev)
    }
    if (devices[0] === devices[1]) return
    throw new FatalError('--work-dir and --output-dir must be on one file system')
  }

  /** Whether the finished file would meet another; its folder is made here, so that finishing it won't fail. */
  async #isTaken(name: string, revision: number): Promise<boolean> {
    const { outputDir, logger, subject } = this.#settings
    const target = path.join(outputDir, withRevision(name, revision))
    await makeFolder(path.dirname(target))
    if (!(await exists(target))) return false
    logger.warn(`${subject}output file already exists: ${target}`)
    return true
  }

  async #openFile(target: string): Promise<FileHandle | undefined> {
    const { isExclusive, logger, subject } = this.#settings
    const { O_APPEND, O_CREAT, O_EXCL, O_RDWR } = constants
    const flags = O_APPEND | O_CREAT | O_RDWR | (isExclusive ? O_EXCL : 0)
    try {
      return await open(target, flags, FILE_MODE)
    } catch (error) {
      if (!isExclusive || codeOf(error) !== 'EEXIST') throw error
    }
    // Not even when it is empty: so is a file that another process has just made.
    logger.warn(`${subject}working file already exists: ${target}`)
    return undefined
  }

  async #begin(
    handle: FileHandle,
    target: string,
    nowMs: number,
  ): Promise<ArchiveFile | undefined> {
    const { rotateSize, compression, gzipLevel, logger, subject } = this.#settings
    const { size } = await handle.stat()
    if (rotateSize > 0 && size > rotateSize) {
      await handle.close()
      return undefined
    }
    let bytes = size
    if (compression === 'none' && size > 0 && (await lastByte(handle, size)) !== LF) {
      // A process that was killed has left half a line. Its message was never finished, and comes again whole.
      logger.warn(`${subject}${target} ends in the middle of a line, which is ended here`)
      await handle.write('\n')
      bytes += 1
    }
    await syncFolder(path.dirname(target))
    return new ArchiveFile(handle, {
      path: target,
      bytes,
      compression,
      gzipLevel,
      openedAtMs: nowMs,
    })
  }
}

async function lastByte(handle: FileHandle, size: number): Promise<number | undefined> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
  return bytesRead === 1 ? buffer[0] : undefined
}

/** Makes a folder and those above it, so that they outlive the machine. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
  if (first === undefined) return
  const above = path.dirname(first)
  for (let made = folder; made.length > above.length; made = path.dirname(made)) {
    await syncFolder(path.dirname(made))
  }
}

/** Makes the names in a folder outlive the machine, where its file system can. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EISDIR'].includes(codeOf(error))) throw error
  } finally {
    await handle.close()
  }
}

/** Gives a file a second name. @returns false when that name is taken. */
async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
