import assert from 'node:assert/strict'
import { test } from 'node:test'
import zlib from 'node:zlib'

import { compress, zstdProblem } from '../../src/nsq-to-file/compression.ts'

const pieces = [Buffer.from('one\ntwo\n'), Buffer.alloc(0), Buffer.from('three\n'.repeat(10_000))]
const whole = Buffer.concat(pieces)

test('gzip pieces one after the other are one file', async () => {
  for (const level of [1, 6, 9]) {
    const members = await Promise.all(pieces.map((piece) => compress(piece, 'gzip', level)))
    assert.ok(zlib.gunzipSync(Buffer.concat(members)).equals(whole))
  }
})

test('zstd pieces are whole, or it is said which Node has zstd', async () => {
  if (!('zstdDecompressSync' in zlib)) {
    assert.match(zstdProblem ?? '', /^--zstd needs Node\.js 22\.15 or later, this is v\d/)
    await assert.rejects(compress(whole, 'zstd', 6), { message: zstdProblem ?? '' })
    return
  }
  assert.equal(zstdProblem, undefined)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the types are those of Node 20
  const expand = zlib.zstdDecompressSync as (bytes: Buffer) => Buffer
  for (const piece of pieces) {
    assert.ok(expand(await compress(piece, 'zstd', 6)).equals(piece))
  }
})
