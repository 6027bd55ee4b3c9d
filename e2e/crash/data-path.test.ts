import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'

import { NsqdProcess } from './nsqd-process.ts'
import { SmallDisk } from './small-disk.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'tsq-data-path-'))
after(() => rmSync(folder, { recursive: true }))

/** A nsqd on this data path ends at once with code 1 and one sentence, which is returned. */
async function refusal(dataPath: string): Promise<string> {
  const nsqd = new NsqdProcess(dataPath)
  const { code } = await nsqd.ended
  assert.equal(code, 1, nsqd.output)
  const lines = nsqd.output.split('\n').filter((line) => !line.includes(' INFO: '))
  assert.equal(lines.length, 1, nsqd.output)
  assert.match(lines[0]!, /failed to instantiate nsqd - /)
  return lines[0]!
}

test('a data path that is missing ends nsqd with a sentence that says so', async () => {
  assert.match(await refusal(path.join(folder, 'missing')), /missing does not exist$/)
})

test('a data path that is a file ends nsqd with a sentence that says so', async () => {
  const file = path.join(folder, 'file')
  writeFileSync(file, '')
  assert.match(await refusal(file), /file is not a folder$/)
})

test('a data path in use ends the second nsqd with a sentence that names the first', async () => {
  const first = new NsqdProcess(folder)
  await first.listening()
  assert.match(await refusal(folder), /is in use by another instance \(process \d+\)$/)
  await first.end('SIGKILL')
  const next = new NsqdProcess(folder)
  await next.listening()
  assert.deepEqual(await next.end('SIGTERM'), { code: 0, signal: null })
})

test('a read-only data path ends nsqd with a sentence that says so', async (t) => {
  using disk = SmallDisk.mount(1 << 20)
  if (disk === undefined) {
    t.skip('needs the right to mount')
    return
  }
  disk.makeReadOnly()
  assert.match(await refusal(disk.path), /is not writable - .*EROFS: read-only file system/)
})

test('a full data path ends nsqd with a sentence that says so', async (t) => {
  using disk = SmallDisk.mount(64 * 1024)
  if (disk === undefined) {
    t.skip('needs the right to mount')
    return
  }
  assert.throws(() => writeFileSync(path.join(disk.path, 'filler'), Buffer.alloc(1 << 20)))
  assert.match(await refusal(disk.path), /ENOSPC/)
})
