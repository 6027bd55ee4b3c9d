import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { formatGoDuration, parseGoDuration } from '../src/go/duration.ts'

const NS_2_DAYS = 172_800_000_000_000

test('durations are read as Go reads them, in milliseconds', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['0s', 0],
    ['60s', 60_000],
    ['1h2m3.5s', 3_723_500],
    ['250ms', 250],
    ['2.3s', 2_300],
    ['1.5h', 5_400_000],
    ['100us', 0.1],
    ['100µs', 0.1],
    ['100μs', 0.1],
    ['7ns', 0.000_007],
    ['-1m', -60_000],
    ['+5s', 5_000],
    ['.5s', 500],
    ['1.s', 1_000],
    ['1s1s', 2_000],
  ]
  for (const [text, ms] of cases) assert.equal(parseGoDuration(text), ms, text)
})

test('what is not a Go duration is refused', () => {
  const cases = [
    '',
    '5',
    '-',
    's',
    '.s',
    '1x',
    '1 s',
    '1S',
    's1',
    '1m 2s',
    '1e3s',
    '3000000h',
    '--1s',
  ]
  for (const text of cases) assert.equal(parseGoDuration(text), undefined, text)
})

test('durations are printed as Go prints them', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [60_000, '1m0s'],
    [900_000, '15m0s'],
    [3_600_000, '1h0m0s'],
    [250, '250ms'],
    [2_000, '2s'],
    [3_723_500, '1h2m3.5s'],
    [0.039_98, '39.98µs'],
    [0.000_951, '951ns'],
    [1.5, '1.5ms'],
    [-60_000, '-1m0s'],
  ]
  for (const [ms, text] of cases) assert.equal(formatGoDuration(ms), text)
})

test('a printed duration reads back as the same duration, to the nanosecond', () => {
  fc.assert(
    fc.property(fc.integer({ min: -NS_2_DAYS, max: NS_2_DAYS }), (ns) => {
      const ms = Math.trunc(ns / 1e6) + (ns % 1e6) / 1e6
      const back = parseGoDuration(formatGoDuration(ms))
      assert.ok(back !== undefined)
      assert.equal(Math.round(back * 1e6), Math.round(ms * 1e6))
    }),
  )
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e12 }), (ms) => {
      assert.equal(parseGoDuration(formatGoDuration(ms)), ms)
    }),
  )
})

test('no text makes the parser throw', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseGoDuration(text)))
})
