import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import {
  formatBytes,
  formatCompact,
  formatCount,
  formatDuration,
  formatRate,
  formatSpan,
  millisecondsOf,
  percentile,
  plural,
} from '../src/lib/format.ts'

describe('formatting', () => {
  it('writes counts with thousands', () => {
    assert.equal(formatCount(0), '0')
    assert.equal(formatCount(1_234_567), '1,234,567')
    assert.equal(formatCompact(1_234_567), '1.2M')
    assert.equal(plural(1, 'node'), '1 node')
    assert.equal(plural(2000, 'topic'), '2,000 topics')
  })

  it('writes rates with the digits that help', () => {
    const texts = [0, -1, 0.004, 0.256, 12.34, 421.7, 12_345.6].map(formatRate)
    assert.deepEqual(texts, ['0', '0', '<0.01', '0.26', '12.3', '422', '12,346'])
  })

  it('writes durations as nsqadmin does', () => {
    const texts = [0, 12_000, 1.5e6, 3.25e9, 617e9, 555.65e9, 7500e9].map(formatDuration)
    assert.deepEqual(texts, ['0ns', '12us', '1.5ms', '3.25s', '10m17s', '9m15.65s', '2h5m'])
    assert.equal(formatDuration(76 * 3600e9), '3d4h')
    assert.equal(formatDuration(59.999e9), '1m0s')
  })

  it('writes spans for a glance', () => {
    const texts = [200, 12_000, -90_000, 7_200_000, 864e5 * 3].map(formatSpan)
    assert.deepEqual(texts, ['now', '12s', '1m', '2h', '3d'])
  })

  it('writes sizes and percentiles', () => {
    assert.deepEqual([0, 512, 1536, 5 * 2 ** 20].map(formatBytes), [
      '0 B',
      '512 B',
      '1.5 KiB',
      '5 MiB',
    ])
    assert.deepEqual([0.99, 0.999, 0.5, 1].map(percentile), ['99', '99.9', '50', '100'])
  })

  it('reads nanoseconds beyond what a number holds', () => {
    assert.equal(millisecondsOf('1795333870123456789'), 1_795_333_870_123)
    assert.equal(millisecondsOf('never'), 0)
  })
})
