import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { isEphemeralName, isValidName, parseChannelName, parseTopicName } from '../src/index.ts'

test('letters, digits, dot, underscore and hyphen make a name', () => {
  for (const name of ['a', 'Z', '0', '.', '..', '-', '_', 'orders.v2_eu-west', 'x'.repeat(64)]) {
    assert.ok(isValidName(name), name)
    assert.equal(parseTopicName(name), name)
    assert.equal(parseChannelName(name), name)
  }
})

test('anything else makes none', () => {
  const bad = ['', ' ', 'a b', 'a\n', '\na', 'ä', 'a/b', 'a*', 'a#b', 'a\0', '#', 'a:b', 'a\u2028']
  for (const name of bad) {
    assert.equal(isValidName(name), false, JSON.stringify(name))
    assert.equal(parseTopicName(name), undefined)
    assert.equal(parseChannelName(name), undefined)
  }
})

test('the suffix #ephemeral counts towards the 64 bytes and cannot stand alone', () => {
  assert.ok(isValidName('a#ephemeral'))
  assert.ok(isValidName(`${'a'.repeat(54)}#ephemeral`))
  assert.equal(isValidName(`${'a'.repeat(55)}#ephemeral`), false)
  assert.equal(isValidName('x'.repeat(65)), false)
  for (const name of ['#ephemeral', 'a#ephemeralx', 'a#Ephemeral', 'a#ephemeral#ephemeral']) {
    assert.equal(isValidName(name), false, name)
  }
})

test('only the suffix makes a name ephemeral', () => {
  assert.ok(isEphemeralName('a#ephemeral'))
  assert.equal(isEphemeralName('ephemeral'), false)
  assert.equal(isEphemeralName('a'), false)
})

test('whether text is a name is as the grammar says, for any text', () => {
  const pieces = fc.constantFrom('a', 'Q', '7', '.', '_', '-', '#', '#ephemeral', ' ', '\n', 'é')
  const texts = fc.array(pieces, { maxLength: 70 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.oneof(texts, fc.string({ maxLength: 70 })), (text) => {
      const stem = text.endsWith('#ephemeral') ? text.slice(0, -'#ephemeral'.length) : text
      const isPlain = stem.split('').every((c) => /[.a-zA-Z0-9_-]/.test(c))
      assert.equal(isValidName(text), stem.length > 0 && isPlain && text.length <= 64)
    }),
  )
})
