import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { goJson } from '../src/go/json.ts'
import { parseGoBoolean, parseGoFloat, parseGoInteger } from '../src/go/scalars.ts'

test('integers are read with every prefix Go knows', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['10', 10],
    ['-10', -10],
    ['+10', 10],
    ['0x1F', 31],
    ['0b101', 5],
    ['0o17', 15],
    ['017', 15],
    ['1_000_000', 1_000_000],
    ['0x_ff', 255],
    ['-0', 0],
  ]
  for (const [text, value] of cases) assert.equal(parseGoInteger(text), value, text)
})

test('what is not an integer is a parse error, and a huge one is out of range', () => {
  for (const text of ['', 'abc', '1.5', '1e3', '08', '1__0', '_1', '1_', '0x', ' 1', '1 ']) {
    assert.equal(parseGoInteger(text), 'parse error', text)
  }
  assert.equal(parseGoInteger('99999999999999999999'), 'value out of range')
})

test('integers in decimal read back', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => assert.equal(parseGoInteger(String(value)), value)),
  )
})

test('floats are plain decimals', () => {
  assert.equal(parseGoFloat('0.99'), 0.99)
  assert.equal(parseGoFloat('1'), 1)
  assert.equal(parseGoFloat('.5'), 0.5)
  assert.equal(parseGoFloat('1e-3'), 0.001)
  for (const text of ['', 'x', 'NaN', 'Infinity', '0x1'])
    assert.equal(parseGoFloat(text), 'parse error')
})

test('only the twelve words of Go are truth values', () => {
  for (const word of ['1', 't', 'T', 'TRUE', 'true', 'True'])
    assert.equal(parseGoBoolean(word), true)
  for (const word of ['0', 'f', 'F', 'FALSE', 'false', 'False']) {
    assert.equal(parseGoBoolean(word), false)
  }
  for (const word of ['', 'yes', 'tRUE', 'on', '2']) assert.equal(parseGoBoolean(word), undefined)
})

test('JSON escapes what Go escapes, and stays the same JSON', () => {
  assert.equal(goJson({ a: '<b>&' }), '{"a":"\\u003cb\\u003e\\u0026"}')
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(JSON.parse(goJson(value)), JSON.parse(JSON.stringify(value)))
    }),
  )
})
