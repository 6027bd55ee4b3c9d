import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { LatencyReports, summary } from '../../src/delivery/latency-report.ts'

void suite('the lines of --status-every', () => {
  void test('count, percentiles and average', () => {
    const tookMs = Float64Array.from({ length: 250 }, (_, index) => index + 1)
    assert.equal(summary(tookMs), 'finished 250 - 99th: 249.00ms - 95th: 239.00ms - avg: 125.50ms')
  })

  void test('come with the request after the last that they are about', () => {
    const lines: string[] = []
    const reports = new LatencyReports(['a', 'b'], 100, (line) => lines.push(line))
    for (let i = 0; i < 100; i++) reports.add(0, 2)
    assert.deepEqual(lines, [])
    reports.add(1, 2)
    assert.deepEqual(lines, [
      '[aggregate]: finished 100 - 99th: 2.00ms - 95th: 2.00ms - avg: 2.00ms',
    ])
    reports.add(0, 2)
    assert.match(lines[1] ?? '', /^\[a\]: finished 100 /)
  })

  void test('a single address has no line of its own, 0 means none, few values get a warning', () => {
    const lines: string[] = []
    const one = new LatencyReports(['a'], 1, (line) => lines.push(line))
    one.add(0, 1)
    one.add(0, 1)
    assert.equal(lines.length, 2)
    assert.match(lines[0] ?? '', /^Warning: use more than 100 .* \(configured with 1\)$/)
    const none = new LatencyReports(['a', 'b'], 0, (line) => lines.push(line))
    none.add(0, 1)
    assert.equal(lines.length, 2)
  })
})
