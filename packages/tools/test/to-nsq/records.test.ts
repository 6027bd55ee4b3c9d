import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { RecordSplitter } from '../../src/to-nsq/records.ts'
import { Throttle } from '../../src/to-nsq/throttle.ts'

test('however the input is cut, the records are those between the delimiters', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\r', ';'), maxLength: 60 })
  fc.assert(
    fc.property(text, fc.array(fc.nat(12), { maxLength: 20 }), (input, cuts) => {
      const splitter = new RecordSplitter(';'.charCodeAt(0))
      const records: Buffer[] = []
      let at = 0
      for (const cut of [...cuts, input.length]) {
        records.push(...splitter.push(Buffer.from(input.slice(at, at + cut))))
        at += cut
      }
      records.push(...splitter.push(Buffer.from(input.slice(at))), ...splitter.end())
      const expected = input.split(';').filter((record) => record !== '')
      assert.deepEqual(records.map(String), expected)
      assert.deepEqual(splitter.end(), [])
    }),
  )
})

test('a record without an end is refused before it fills the memory', () => {
  const splitter = new RecordSplitter(10, 100)
  assert.throws(() => {
    for (let n = 0; n < 20; n++) splitter.push(Buffer.alloc(10))
  }, /a record has more than 100 bytes/)
})

test('one record goes at once, then as many as time allows, never more than those of a second', () => {
  let now = 0
  const throttle = new Throttle(10, () => now)
  assert.equal(throttle.take(5), 1)
  assert.equal(throttle.take(5), 0)
  now = 250
  assert.equal(throttle.take(5), 2)
  now = 60_000
  assert.equal(throttle.take(100), 10)
})
