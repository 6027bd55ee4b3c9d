import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'

import { TempFolder, until } from '@tsq/testing'

test('waits until it holds', async () => {
  let looks = 0
  await until('three looks', () => ++looks === 3, { everyMs: 1 })
  assert.equal(looks, 3)
})

test('says what it waited for in vain', async () => {
  await assert.rejects(
    until('a miracle', () => false, { timeoutMs: 5, everyMs: 1 }),
    /^Error: not within 5 ms: a miracle$/,
  )
})

test('a temporary folder goes with its scope', () => {
  let at = ''
  {
    using folder = new TempFolder('scope')
    at = folder.at('file')
    writeFileSync(at, 'x')
    assert.ok(existsSync(at))
  }
  assert.ok(!existsSync(at))
})
