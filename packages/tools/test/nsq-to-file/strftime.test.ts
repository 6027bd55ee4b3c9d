import assert from 'node:assert/strict'
import { test } from 'node:test'

import { strftime } from '../../src/nsq-to-file/strftime.ts'

const evening = new Date(2026, 10, 1, 21, 5, 9)
const midnight = new Date(2026, 0, 31, 0, 0, 0)

test('each code is what C makes of it', () => {
  assert.equal(strftime('%Y-%m-%d_%H:%M:%S', evening), '2026-11-01_21:05:09')
  assert.equal(strftime('%y %I %p %B %b %A %a %%', evening), '26 09 PM November Nov Sunday Sun %')
  assert.equal(strftime('%I%p', midnight), '12AM')
  assert.match(strftime('%z', evening), /^[+-]\d{4}$/)
  assert.match(strftime('%Z', evening), /^(?:[A-Z]{2,5}|[+-]\d{4})$/)
})

test('other codes and all literal text stay, also what Go would take for a time', () => {
  assert.equal(
    strftime('v1-%Y 15 Jan 2006 Mon %j %e %q 100%', evening),
    'v1-2026 15 Jan 2006 Mon %j %e %q 100%',
  )
})
