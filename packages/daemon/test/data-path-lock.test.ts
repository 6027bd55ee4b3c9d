import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { DataPathError, lockDataPath } from '../src/data-path-lock.ts'
import { Child } from './child.ts'

function folder(t: TestContext): string {
  const path = fs.mkdtempSync(join(tmpdir(), 'tsq-lock-'))
  t.after(() => fs.rmSync(path, { recursive: true }))
  return path
}

function inUse(dir: string, pid: number | string): { message: string; code: string } {
  return {
    code: 'ERR_DATA_PATH',
    message: `failed to lock data-path: ${dir} is in use by another instance (process ${pid})`,
  }
}

test('a folder is locked once; released, it can be locked again and holds no trace', async (t) => {
  const dir = folder(t)
  const lock = await lockDataPath(dir)
  assert.equal(lock.path, dir)
  assert.deepEqual(fs.readdirSync(dir), ['.tsq-lock'])
  await assert.rejects(lockDataPath(dir), inUse(dir, process.pid))
  await Promise.all([lock.release(), lock.release()])
  await lock.release()
  assert.deepEqual(fs.readdirSync(dir), [])
  await (await lockDataPath(dir)).release()
})

test('a lock held by another process blocks, and names the process', async (t) => {
  const dir = folder(t)
  const holder = new Child(t, 'hold-lock', [dir])
  await holder.says('locked')
  await assert.rejects(lockDataPath(dir), inUse(dir, holder.pid))
})

test('the lock of a killed process does not block', async (t) => {
  const dir = folder(t)
  const holder = new Child(t, 'hold-lock', [dir])
  await holder.says('locked')
  assert.equal(await holder.kill('SIGKILL').ends(), 'SIGKILL')
  assert.deepEqual(fs.readdirSync(dir), ['.tsq-lock'])
  const lock = await lockDataPath(dir)
  assert.deepEqual(fs.readdirSync(dir), ['.tsq-lock'])
  await lock.release()
  assert.deepEqual(fs.readdirSync(dir), [])
})

test('of many processes that find a stale lock exactly one gets it', async (t) => {
  const dir = folder(t)
  const dead = new Child(t, 'hold-lock', [dir])
  await dead.says('locked')
  await dead.kill('SIGKILL').ends()
  const attempts = Array.from({ length: 24 }, () => lockDataPath(dir))
  const others = Array.from({ length: 4 }, () => new Child(t, 'hold-lock', [dir]))
  const outcomes = await Promise.allSettled([
    ...attempts,
    ...others.map((child) => Promise.race([child.says('locked'), refused(child)])),
  ])
  const won = outcomes.filter((outcome) => outcome.status === 'fulfilled')
  assert.equal(won.length, 1)
  for (const attempt of await Promise.allSettled(attempts)) {
    if (attempt.status === 'fulfilled') await attempt.value.release()
    else assert.match(String(attempt.reason), /is in use by another instance/)
  }
})

async function refused(child: Child): Promise<never> {
  await child.ends()
  throw new Error(child.stdout)
}

test('a process too busy to answer still holds its lock', async (t) => {
  const dir = folder(t)
  const holder = new Child(t, 'hold-lock', [dir, '--busy'])
  await holder.says('locked')
  await assert.rejects(lockDataPath(dir), inUse(dir, 'unknown'))
})

test(
  'a path too long for a socket is locked all the same',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const dir = join(folder(t), 'd'.repeat(100), 'e'.repeat(100))
    fs.mkdirSync(dir, { recursive: true })
    const holder = new Child(t, 'hold-lock', [dir])
    await holder.says('locked')
    await assert.rejects(lockDataPath(dir), inUse(dir, holder.pid))
    await holder.kill('SIGKILL').ends()
    const lock = await lockDataPath(dir)
    await assert.rejects(lockDataPath(dir), inUse(dir, process.pid))
    await lock.release()
    assert.deepEqual(fs.readdirSync(dir), [])
  },
)

test('a folder that is missing, a file, or closed to writing is refused in a sentence', async (t) => {
  const dir = folder(t)
  const missing = join(dir, 'missing')
  const file = join(dir, 'file')
  fs.writeFileSync(file, '')
  await assert.rejects(lockDataPath(missing), {
    message: `failed to lock data-path: ${missing} does not exist`,
  })
  await assert.rejects(lockDataPath(file), {
    message: `failed to lock data-path: ${file} is not a folder`,
  })
  const error = Object.assign(new Error('EROFS: read-only file system, link'), { code: 'EROFS' })
  const readOnly = { ...fs, linkSync: () => raise(error) }
  await assert.rejects(lockDataPath(dir, readOnly), {
    message: `failed to lock data-path: ${dir} is not writable - ${error.message}`,
    cause: error,
  })
  const unable = Object.assign(new Error('ENOTSUP: not supported, link'), { code: 'ENOTSUP' })
  await assert.rejects(lockDataPath(dir, { ...fs, linkSync: () => raise(unable) }), {
    message:
      `failed to lock data-path: ${dir} cannot hold a lock - ${unable.message} ` +
      '(its file system must have Unix sockets and hard links)',
  })
  assert.deepEqual(fs.readdirSync(dir), ['file'])
})

test(
  'a folder where sockets cannot be made is refused',
  { skip: process.platform !== 'linux' },
  async () => {
    await assert.rejects(lockDataPath('/proc'), DataPathError)
    await assert.rejects(
      lockDataPath('/sys'),
      /failed to lock data-path: \/sys cannot hold a lock - /,
    )
  },
)

test('a living lock that replaces the stale one at the last moment is put back', async (t) => {
  const dir = folder(t)
  const dead = new Child(t, 'hold-lock', [dir])
  await dead.says('locked')
  await dead.kill('SIGKILL').ends()
  const name = join(dir, '.tsq-lock')

  // Another process takes over between our look at the stale name and our renaming of it.
  const rival = createServer((socket) => socket.end('4242'))
  const rivalName = join(dir, 'rival')
  await new Promise<void>((resolve) => rival.listen({ path: rivalName }, resolve))
  t.after(() => rival.close())
  const late = {
    ...fs,
    renameSync: (from: fs.PathLike, to: fs.PathLike) => {
      fs.unlinkSync(name)
      fs.linkSync(rivalName, name)
      fs.renameSync(from, to)
    },
  }
  const rivalInode = fs.statSync(rivalName).ino
  await assert.rejects(lockDataPath(dir, late), inUse(dir, 4242))
  assert.equal(fs.statSync(name).ino, rivalInode)
  assert.deepEqual(fs.readdirSync(dir).toSorted(), ['.tsq-lock', 'rival'])
})

test('releasing leaves a lock alone that is no longer ours', async (t) => {
  const dir = folder(t)
  const lock = await lockDataPath(dir)
  const name = join(dir, '.tsq-lock')
  fs.unlinkSync(name)
  fs.writeFileSync(name, 'somebody else')
  await lock.release()
  assert.equal(fs.readFileSync(name, 'utf8'), 'somebody else')
})

test('old sockets of processes killed while starting are swept, new ones left alone', async (t) => {
  const dir = folder(t)
  const old = join(dir, '.tsq-lock.1.aaaaaaaa')
  const fresh = join(dir, '.tsq-lock.2.bbbbbbbb')
  fs.writeFileSync(old, '')
  fs.writeFileSync(fresh, '')
  fs.utimesSync(old, 1, 1)
  const lock = await lockDataPath(dir)
  assert.deepEqual(fs.readdirSync(dir).toSorted(), ['.tsq-lock', '.tsq-lock.2.bbbbbbbb'])
  await lock.release()
})

test('a held lock keeps no process alive', async (t) => {
  const holder = new Child(t, 'hold-lock', [folder(t), '--once'])
  assert.equal(await holder.ends(), 0)
})

function raise(error: Error): never {
  throw error
}
