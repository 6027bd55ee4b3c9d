// A FIN: from the 16 digits of an id to a settled cell. packages/protocol/src/ids.ts, packages/nsqd/src/window.ts.

import { idPrefix, readSequenceBits, sequenceNear, writeMessageId } from '@tsq/protocol'
import { Bench } from 'tinybench'

const COUNT = 1_000
const prefix = idPrefix(617, 3)
const ids = Buffer.alloc(COUNT * 16)
for (let i = 0; i < COUNT; i++) writeMessageId(ids, i * 16, prefix, 1_000_000 + i)
const text = ids.toString('latin1')
const byId = new Map<string, number>()
let sum = 0

const bench = new Bench({ name: `${COUNT} answers` })
bench
  .add('id to sequence number (ours)', () => {
    for (let i = 0; i < COUNT; i++) {
      sum += sequenceNear(readSequenceBits(ids, i * 16, prefix), 1_000_500)
    }
  })
  .add('a Map by the id as a string', () => {
    for (let i = 0; i < COUNT; i++) byId.set(text.slice(i * 16, i * 16 + 16), i)
    for (let i = 0; i < COUNT; i++) byId.delete(ids.toString('latin1', i * 16, i * 16 + 16))
  })

await bench.run()
console.table(bench.table())
process.stdout.write(`(${sum > 0 ? 'checked' : 'wrong'})\n`)
