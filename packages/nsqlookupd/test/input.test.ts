import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { Input } from '../src/tcp/input.ts'

/** Reads `LINE\n int32 body` items, the int32 being the body's length, as commands are read. */
function readAll(chunks: readonly Buffer[]): string[] {
  const input = new Input()
  const seen: string[] = []
  for (const chunk of chunks) {
    input.push(chunk)
    for (;;) {
      const line = input.readLine(64)
      const length = line.kind === 'line' ? input.readInt32() : undefined
      const body = length === undefined ? undefined : input.readBytes(length)
      if (line.kind !== 'line' || body === undefined) {
        input.rewind()
        break
      }
      seen.push(`${line.text}=${body.toString('latin1')}`)
      input.commit()
    }
    input.compact()
  }
  assert.equal(input.heldBytes, 0)
  return seen
}

test('however the bytes are cut, the same is read', () => {
  const item = fc.record({
    line: fc.stringMatching(/^[A-Z]{0,20}$/),
    body: fc.uint8Array({ maxLength: 700 }),
  })
  const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 50 })
  fc.assert(
    fc.property(fc.array(item, { maxLength: 12 }), cuts, (items, sizes) => {
      const parts = items.flatMap(({ line, body }) => {
        const length = Buffer.alloc(4)
        length.writeInt32BE(body.length)
        return [Buffer.from(` ${line}\r\n`), length, Buffer.from(body)]
      })
      const bytes = Buffer.concat(parts)
      const chunks: Buffer[] = []
      for (let at = 0, i = 0; at < bytes.length; i += 1) {
        const size = sizes[i % sizes.length] ?? 1
        chunks.push(Buffer.from(bytes.subarray(at, at + size)))
        at += size
      }
      const expected = items.map(
        ({ line, body }) => `${line}=${Buffer.from(body).toString('latin1')}`,
      )
      assert.deepEqual(readAll(chunks), expected)
    }),
  )
})

test('a line may be as long as the limit, its end included', () => {
  for (const [length, kind] of [
    [63, 'line'],
    [64, 'tooLong'],
    [500, 'tooLong'],
  ] as const) {
    const input = new Input()
    input.push(Buffer.from(`${'x'.repeat(length)}\n`))
    assert.equal(input.readLine(64).kind, kind)
  }
  const input = new Input()
  input.push(Buffer.from('x'.repeat(63)))
  assert.equal(input.readLine(64).kind, 'more')
})
