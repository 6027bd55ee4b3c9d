// One nsqd per data path, however the last one ended. Node has no flock, so the lock is a listening Unix
// socket: the kernel takes it down with the process, and whoever finds its name can ask it for life.
//
//   <dir>/.tsq-lock.<pid>.<random>   our own socket, made first
//   <dir>/.tsq-lock                  a hard link to it; link() fails if the name exists, so one process wins
//
// A name that refuses connections is stale: its process is gone.

import { randomBytes } from 'node:crypto'
import * as nodeFs from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server } from 'node:net'
import { basename, join, resolve as resolvePath } from 'node:path'
import { StartupError } from './startup-error.ts'

const LOCK_NAME = '.tsq-lock'
/** `sun_path` holds 108 bytes with the final zero on Linux, 104 on others. */
const MAX_SOCKET_PATH_BYTES = process.platform === 'linux' ? 107 : 103
const MAX_ATTEMPTS = 20
const PROBE_TIMEOUT_MS = 1_000
/** Own sockets of processes killed while starting are swept when they are older than this. */
const LITTER_AGE_MS = 60_000

/** The file calls the lock makes; tests put failing ones here. */
export type LockFs = Pick<
  typeof nodeFs,
  'statSync' | 'openSync' | 'closeSync' | 'linkSync' | 'renameSync' | 'unlinkSync' | 'readdirSync'
>

/** A data path that can't be used, or is in use. */
export class DataPathError extends StartupError {
  override readonly name = 'DataPathError'
  override readonly code = 'ERR_DATA_PATH'
  readonly path: string

  constructor(path: string, problem: string, cause?: unknown) {
    super(`failed to lock data-path: ${path} ${problem}`, { cause })
    this.path = path
  }
}

/** Holding it means no other instance uses the folder. Gone with the process, whatever ends it. */
export interface DataPathLock extends AsyncDisposable {
  /** The absolute path of the folder. */
  readonly path: string
  /** Lets the next instance in. One promise for every caller. */
  release(): Promise<void>
}

/**
 * Locks a folder for this process.
 *
 * @param dir must exist; empty means the current directory.
 * @throws {DataPathError} when it is missing, not a folder, not writable, or locked by a living process.
 */
export async function lockDataPath(dir: string, fs: LockFs = nodeFs): Promise<DataPathLock> {
  const path = resolvePath(dir)
  checkFolder(path, fs)
  const folder = openFolder(path, fs)
  const ownName = `${LOCK_NAME}.${process.pid}.${randomBytes(4).toString('hex')}`
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.end(String(process.pid), () => socket.destroy())
  })
  try {
    await bind(server, folder, ownName)
    await takeName(folder, ownName, fs)
    sweep(folder, fs)
  } catch (error) {
    await closeServer(server)
    folder.close()
    throw error instanceof DataPathError ? error : unusable(path, error)
  }
  server.unref()
  return new HeldLock(folder, server, fs)
}

class HeldLock implements DataPathLock {
  readonly #folder: Folder
  readonly #server: Server
  readonly #fs: LockFs
  readonly #inode: number
  #releasing: Promise<void> | undefined

  constructor(folder: Folder, server: Server, fs: LockFs) {
    this.#folder = folder
    this.#server = server
    this.#fs = fs
    this.#inode = fs.statSync(join(folder.path, LOCK_NAME)).ino
  }

  get path(): string {
    return this.#folder.path
  }

  release(): Promise<void> {
    return (this.#releasing ??= this.#release())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }

  async #release(): Promise<void> {
    // The name goes while the socket still listens, so nobody ever finds a dead one after a clean stop.
    const name = join(this.#folder.path, LOCK_NAME)
    if (inodeOf(name, this.#fs) === this.#inode) tryUnlink(name, this.#fs)
    await closeServer(this.#server)
    this.#folder.close()
  }
}

/** A folder, held open where sockets in it are reached through its descriptor. */
interface Folder {
  readonly path: string
  /** The path to give bind or connect for a socket in the folder; short enough for the kernel. */
  socketPath(name: string): string
  close(): void
}

function openFolder(path: string, fs: LockFs): Folder {
  const longest = join(path, `${LOCK_NAME}.4194304.00000000`)
  if (Buffer.byteLength(longest) <= MAX_SOCKET_PATH_BYTES) {
    return { path, socketPath: (name) => join(path, name), close: () => undefined }
  }
  if (process.platform !== 'linux') {
    throw new DataPathError(path, `is too long a path (${Buffer.byteLength(path)} bytes)`)
  }
  const descriptor = openOrFail(path, fs)
  return {
    path,
    socketPath: (name) => `/proc/self/fd/${descriptor}/${name}`,
    close: () => fs.closeSync(descriptor),
  }
}

function openOrFail(path: string, fs: LockFs): number {
  try {
    return fs.openSync(path, 'r')
  } catch (error) {
    throw unusable(path, error)
  }
}

function checkFolder(path: string, fs: LockFs): void {
  let isFolder: boolean
  try {
    isFolder = fs.statSync(path).isDirectory()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new DataPathError(path, 'does not exist', error)
    throw unusable(path, error)
  }
  if (!isFolder) throw new DataPathError(path, 'is not a folder')
}

function bind(server: Server, folder: Folder, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path: folder.socketPath(name) }, () => {
      server.off('error', reject)
      // A probe that fails to be accepted must not bring the daemon down.
      server.on('error', () => undefined)
      resolve()
    })
  })
}

/** Makes the lock's name a link to our socket, moving stale ones out of the way. */
async function takeName(folder: Folder, ownName: string, fs: LockFs): Promise<void> {
  const own = join(folder.path, ownName)
  const name = join(folder.path, LOCK_NAME)
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    try {
      fs.linkSync(own, name)
      // From here the lock's name alone keeps the socket; connecting to it works by inode.
      tryUnlink(own, fs)
      return
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') {
        tryUnlink(own, fs)
        throw error
      }
    }
    const inode = inodeOf(name, fs)
    const life = await probe(folder.socketPath(LOCK_NAME))
    if (life.kind === 'alive') {
      tryUnlink(own, fs)
      throw inUse(folder, life.pid)
    }
    if (life.kind === 'dead') await moveAway(folder, ownName, inode, fs)
  }
  tryUnlink(own, fs)
  throw new DataPathError(folder.path, `is contended: the lock changed hands ${MAX_ATTEMPTS} times`)
}

/**
 * Removes the stale name. Another process may replace it by a living one at any moment, so what was moved
 * is looked at again, and put back when it isn't the dead socket that was seen.
 */
async function moveAway(
  folder: Folder,
  ownName: string,
  deadInode: number | undefined,
  fs: LockFs,
): Promise<void> {
  const name = join(folder.path, LOCK_NAME)
  const asideName = `${ownName}.stale`
  const aside = join(folder.path, asideName)
  // No await between these: the shorter the name is gone, the better.
  if (deadInode === undefined || inodeOf(name, fs) !== deadInode) return
  try {
    fs.renameSync(name, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  const isSame = inodeOf(aside, fs) === deadInode
  // Inode numbers are used again, so the same number is asked once more.
  const life = isSame ? await probe(folder.socketPath(asideName)) : undefined
  if (life?.kind !== 'dead') {
    try {
      fs.linkSync(aside, name)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
  }
  tryUnlink(aside, fs)
}

type Life =
  | { readonly kind: 'alive'; readonly pid: string }
  | { readonly kind: 'dead' }
  /** The name vanished meanwhile. */
  | { readonly kind: 'gone' }

/** Asks a socket for its process. One that accepts but doesn't say, because it is busy, is alive. */
function probe(path: string): Promise<Life> {
  return new Promise((resolve) => {
    let pid = ''
    const socket = connect({ path })
    const finish = (life: Life): void => {
      clearTimeout(deadline)
      socket.destroy()
      resolve(life)
    }
    const alive = (): void => finish({ kind: 'alive', pid: /^\d+$/.test(pid) ? pid : 'unknown' })
    const deadline = setTimeout(alive, PROBE_TIMEOUT_MS)
    socket.on('data', (chunk) => {
      pid += chunk.toString('latin1').slice(0, 16)
    })
    socket.on('end', alive)
    socket.on('error', (error) => {
      const code = codeOf(error)
      if (code === 'ECONNREFUSED') finish({ kind: 'dead' })
      else if (code === 'ENOENT') finish({ kind: 'gone' })
      else alive()
    })
  })
}

// Only called while holding the lock, so the sockets of other starters are left alone by their age.
function sweep(folder: Folder, fs: LockFs): void {
  for (const name of fs.readdirSync(folder.path)) {
    if (!name.startsWith(`${LOCK_NAME}.`)) continue
    const path = join(folder.path, basename(name))
    try {
      if (Date.now() - fs.statSync(path).mtimeMs > LITTER_AGE_MS) fs.unlinkSync(path)
    } catch {
      // Gone already, or not ours to remove; neither matters.
    }
  }
}

function inUse(folder: Folder, pid: string): DataPathError {
  return new DataPathError(folder.path, `is in use by another instance (process ${pid})`)
}

function unusable(path: string, error: unknown): DataPathError {
  const code = codeOf(error)
  const reason = error instanceof Error ? error.message : String(error)
  if (code === 'EACCES' || code === 'EROFS') {
    return new DataPathError(path, `is not writable - ${reason}`, error)
  }
  const needs = 'its file system must have Unix sockets and hard links'
  return new DataPathError(path, `cannot hold a lock - ${reason} (${needs})`, error)
}

function inodeOf(path: string, fs: LockFs): number | undefined {
  return fs.statSync(path, { throwIfNoEntry: false })?.ino
}

function tryUnlink(path: string, fs: LockFs): void {
  try {
    fs.unlinkSync(path)
  } catch {
    // A name that is already gone is what was wanted; one that stays is swept by a later start.
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
