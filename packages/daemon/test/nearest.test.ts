import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest, suggestion } from '../src/options/nearest.ts'

const NAMES = ['mem-queue-size', 'max-msg-size', 'data-path']

test('a slip of the finger finds the name that was meant', () => {
  assert.equal(nearest('mem-queue-sise', NAMES), 'mem-queue-size')
  assert.equal(nearest('memqueuesize', NAMES), 'mem-queue-size')
  assert.equal(nearest('DATA-PATH', NAMES), 'data-path')
  assert.equal(suggestion('data-pat', NAMES), '; did you mean data-path?')
})

test('a name like no other suggests nothing', () => {
  assert.equal(nearest('zzz', NAMES), undefined)
  assert.equal(suggestion('reader-opt', NAMES), '')
})
