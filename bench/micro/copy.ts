// How to bring 200 messages of 200 bytes from an MPUB body into the tail: packages/nsqd/src/log/tail.ts.

import { Bench } from 'tinybench'

const MESSAGES = 200
const BODY_BYTES = 200
const FROM_STEP = BODY_BYTES + 4
const TO_STEP = BODY_BYTES + 34

const source = Buffer.alloc(MESSAGES * FROM_STEP, 7)
const target = Buffer.alloc(MESSAGES * TO_STEP + 1024)

const bench = new Bench({ name: `${MESSAGES} bodies of ${BODY_BYTES} bytes` })
bench
  .add('Buffer.copy, each', () => {
    for (let i = 0; i < MESSAGES; i++) {
      const from = i * FROM_STEP + 4
      source.copy(target, i * TO_STEP + 34, from, from + BODY_BYTES)
    }
  })
  .add('set(subarray), each', () => {
    for (let i = 0; i < MESSAGES; i++) {
      const from = i * FROM_STEP + 4
      target.set(source.subarray(from, from + BODY_BYTES), i * TO_STEP + 34)
    }
  })
  .add('byte by byte', () => {
    for (let i = 0; i < MESSAGES; i++) {
      const from = i * FROM_STEP + 4
      const to = i * TO_STEP + 34
      for (let k = 0; k < BODY_BYTES; k++) target[to + k] = source[from + k]!
    }
  })
  .add('one copy, then copyWithin each (ours)', () => {
    const ahead = MESSAGES * 30
    source.copy(target, ahead)
    for (let i = 0; i < MESSAGES; i++) {
      const from = ahead + i * FROM_STEP + 4
      target.copyWithin(i * TO_STEP + 34, from, from + BODY_BYTES)
    }
  })

await bench.run()
console.table(bench.table())
