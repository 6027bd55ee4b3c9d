import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

import { TempFolder } from '@tsq/testing'

import { NodeFiles } from '../../src/log/files.ts'

test('a large content replaces the old one at its last step, and not before', () => {
  using folder = new TempFolder('files')
  const file = folder.at('a.channel')
  const files = new NodeFiles()
  files.replace(file, Buffer.from('old'), false)
  const parts = [Buffer.alloc(2_000_000, 'a'), Buffer.alloc(0), Buffer.alloc(700_000, 'b')]
  const steps = files.replaceInSteps(file, parts, true)
  let pauses = 0
  for (; steps.next().done !== true; pauses++) {
    assert.equal(readFileSync(file, 'latin1'), 'old')
  }
  assert.ok(pauses >= 4, `${pauses} pauses`)
  assert.ok(readFileSync(file).equals(Buffer.concat(parts)))
  assert.deepEqual(readdirSync(folder.path), ['a.channel'])
})

test('a replacement that is given up leaves the old content and nothing else', () => {
  using folder = new TempFolder('files')
  const file = folder.at('a.channel')
  const files = new NodeFiles()
  files.replace(file, Buffer.from('old'), false)
  const steps = files.replaceInSteps(file, [Buffer.alloc(2_000_000)], false)
  assert.equal(steps.next().done, false)
  // Another one may be made meanwhile.
  files.replace(file, Buffer.from('new'), false)
  steps.return()
  assert.equal(readFileSync(file, 'latin1'), 'new')
  assert.deepEqual(readdirSync(folder.path), ['a.channel'])
})
