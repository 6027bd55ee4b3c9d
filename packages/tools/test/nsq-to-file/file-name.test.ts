import assert from 'node:assert/strict'
import { test } from 'node:test'

import { withDefaults } from '@tsq/daemon'

import { FileNames, withRevision } from '../../src/nsq-to-file/file-name.ts'
import { type NsqToFileOptions, nsqToFileOptions } from '../../src/nsq-to-file/options.ts'

const NOW = new Date(2026, 0, 31, 7, 30).getTime()
const HOST = 'host1.example.org'

function nameOf(given: Partial<NsqToFileOptions>, topic = 'events', nowMs = NOW): string {
  return new FileNames(topic, withDefaults(nsqToFileOptions, given), HOST).at(nowMs)
}

test('the default name, with a revision where one name may be needed twice', () => {
  assert.equal(nameOf({}), 'events.host1.2026-01-31_07.log')
  const rotated = nameOf({ rotateSize: 1 })
  assert.equal(rotated, 'events.host1<REV>.2026-01-31_07.log')
  assert.equal(withRevision(rotated, 12), 'events.host1-000012.2026-01-31_07.log')
})

test('compression adds its ending unless it is there', () => {
  assert.equal(nameOf({ gzip: true }), 'events.host1<REV>.2026-01-31_07.log.gz')
  assert.equal(nameOf({ gzip: true, filenameFormat: 'a<REV>.gz' }), 'a<REV>.gz')
  assert.equal(nameOf({ zstd: true, filenameFormat: 'a<REV>' }), 'a<REV>.zst')
})

test('host, pid and unknown tokens', () => {
  const filenameFormat = '<HOST>/<PID><X><HOST>'
  const hostIdentifier = '<SHORT_HOST>-<HOSTNAME>$&'
  const host = 'host1-host1.example.org$&'
  assert.equal(nameOf({ filenameFormat, hostIdentifier }), `${host}/${process.pid}<X>${host}`)
})

test('the time is that of the second asked for', () => {
  const names = new FileNames(
    't',
    withDefaults(nsqToFileOptions, { filenameFormat: '<DATETIME>', datetimeFormat: '%S' }),
  )
  assert.deepEqual(
    [NOW, NOW + 999, NOW + 1_000].map((ms) => names.at(ms)),
    ['00', '00', '01'],
  )
})

test('without <REV> files could not be told apart', () => {
  const text = 'missing <REV> in --filename-format when gzip, rotation, or work dir enabled'
  for (const given of [{ gzip: true }, { rotateIntervalMs: 1 }, { workDir: '/other' }]) {
    assert.throws(() => nameOf({ ...given, filenameFormat: 'a' }), { message: text })
  }
  assert.equal(nameOf({ workDir: '/tmp', outputDir: '/tmp', filenameFormat: 'a<REV>' }), 'a')
})

test('no topic leaves the folder', () => {
  assert.throws(() => nameOf({ filenameFormat: '<TOPIC>/log' }, '..'), /can't name a folder/)
  assert.equal(nameOf({ filenameFormat: '<TOPIC>.log' }, '..'), '...log')
})
