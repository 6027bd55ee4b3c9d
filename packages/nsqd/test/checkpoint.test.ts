import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { type ChannelCheckpoint, decodeCheckpoint, encodeCheckpoint } from '../src/checkpoint.ts'
import { UnsettledMessages } from '../src/unsettled.ts'

type Message = readonly [sequence: number, dueMs: number, attempts: number]

function columns(...messages: readonly Message[]): UnsettledMessages {
  const unsettled = new UnsettledMessages()
  for (const message of messages) unsettled.push(...message)
  return unsettled
}

function encoded(checkpoint: ChannelCheckpoint): Buffer {
  return Buffer.concat(encodeCheckpoint(checkpoint))
}

/** With a row a message, to be compared. */
function rows(checkpoint: ChannelCheckpoint | undefined): object {
  const { unsettled } = checkpoint!
  const messages = Array.from({ length: unsettled.length }, (_, i): Message => [
    unsettled.sequence[i]!,
    unsettled.dueMs[i]!,
    unsettled.attempts[i]!,
  ])
  return { ...checkpoint, unsettled: messages }
}

const unsettled = fc
  .array(
    fc.record(
      {
        // Often neighbours, so that there are ranges.
        gap: fc.oneof(
          { weight: 3, arbitrary: fc.constant(1) },
          fc.integer({ min: 1, max: 2 ** 33 }),
        ),
        dueMs: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.nat({ max: 2 ** 42 })),
        attempts: fc.oneof({ weight: 2, arbitrary: fc.constant(1) }, fc.nat({ max: 65_535 })),
      },
      { noNullPrototype: true },
    ),
    { maxLength: 30 },
  )
  .map((steps) => {
    let sequence = 0
    return columns(
      ...steps.map(({ gap, dueMs, attempts }): Message => {
        sequence += gap
        return [sequence, dueMs, attempts]
      }),
    )
  })

const checkpoints: fc.Arbitrary<ChannelCheckpoint> = fc.record(
  { cursor: fc.maxSafeNat(), absorbed: fc.maxSafeNat(), isPaused: fc.boolean(), unsettled },
  { noNullPrototype: true },
)

const EXAMPLE: ChannelCheckpoint = {
  cursor: 2 ** 41 + 7,
  absorbed: 2 ** 41 + 5,
  isPaused: true,
  unsettled: columns([3, 0, 1], [4, 0, 1], [5, 1_767_225_600_000, 0], [9, 0, 4], [2 ** 41, 0, 1]),
}

test('a checkpoint is read back as it was written', () => {
  fc.assert(
    fc.property(checkpoints, (checkpoint) => {
      assert.deepEqual(rows(decodeCheckpoint(encoded(checkpoint))), rows(checkpoint))
    }),
    { numRuns: 300 },
  )
})

test('a hundred thousand neighbours cost one range', () => {
  const many = new UnsettledMessages(100_000)
  for (let i = 0; i < 100_000; i++) many.push(i + 1, 0, 1)
  const content = encoded({ ...EXAMPLE, unsettled: many })
  assert.equal(content.length, 48 + 16)
  assert.equal(decodeCheckpoint(content)!.unsettled.length, 100_000)
})

test('a checkpoint cut short anywhere is refused', () => {
  const content = encoded(EXAMPLE)
  for (let length = 0; length < content.length; length++) {
    assert.equal(decodeCheckpoint(content.subarray(0, length)), undefined, `${length} bytes`)
  }
  assert.equal(decodeCheckpoint(Buffer.concat([content, Buffer.alloc(1)])), undefined)
})

test('a checkpoint with any bit of any byte changed is refused', () => {
  const content = encoded(EXAMPLE)
  for (let at = 0; at < content.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = Buffer.from(content)
      damaged[at]! ^= 1 << bit
      assert.equal(decodeCheckpoint(damaged), undefined, `bit ${bit} of byte ${at}`)
    }
    const flipped = Buffer.from(content)
    flipped[at]! ^= 0xff
    assert.equal(decodeCheckpoint(flipped), undefined, `byte ${at}`)
  }
})

test('what is no checkpoint is refused', () => {
  assert.equal(decodeCheckpoint(Buffer.alloc(0)), undefined)
  assert.equal(decodeCheckpoint(Buffer.alloc(4_096)), undefined)
  assert.equal(decodeCheckpoint(Buffer.from('{"version":1}')), undefined)
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 48, maxLength: 100 }), (bytes) => {
      const content = Buffer.from(bytes)
      content.write('TSQC0001', 'latin1')
      assert.equal(decodeCheckpoint(content), undefined)
    }),
  )
})
