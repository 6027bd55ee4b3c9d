// The table of docs/compatibility.md must not name tests that are gone.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

const root = path.resolve(import.meta.dirname, '../..')

test('every test that the compatibility page names is there', () => {
  const page = readFileSync(path.join(root, 'docs/compatibility.md'), 'utf8')
  const named = [...page.matchAll(/`([\w./-]+\.(?:test\.ts|txt))`/g)].map((match) => match[1]!)
  assert.ok(named.length > 50, `${named.length} tests`)
  const missing = named.filter((name) => {
    const folder = /^(?:packages|interop|e2e)\//.test(name) ? '' : 'packages/nsqd/test'
    return !existsSync(path.join(root, folder, name))
  })
  assert.deepEqual(missing, [])
})
