import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { resolveOptions } from '../src/index.ts'
import { options } from './option-table.ts'

function resolve(toml: string, ...argv: string[]) {
  return resolveOptions(options, {
    program: 'nsqd',
    argv: ['--config=nsqd.toml', ...argv],
    readFile: () => toml,
  })
}

function values(toml: string, ...argv: string[]) {
  const resolution = resolve(toml, ...argv)
  assert.equal(resolution.kind, 'options', JSON.stringify(resolution))
  return resolution.values
}

function problem(toml: string): string {
  const resolution = resolve(toml)
  assert.equal(resolution.kind, 'error', toml)
  assert.equal(resolution.exitCode, 1)
  assert.equal(resolution.usage, '')
  return resolution.message
}

test('the command line goes before the file, the file before the default', () => {
  const toml = 'mem_queue_size = 5\nmax_deflate_level = 2'
  const found = values(toml, '--mem-queue-size=6')
  assert.equal(found.memQueueSize, 6)
  assert.equal(found.maxDeflateLevel, 2)
  assert.equal(found.msgTimeoutMs, 60_000)
})

test('a list on the command line replaces the one in the file', () => {
  const toml = 'nsqlookupd_tcp_addresses = ["a", "b"]'
  assert.deepEqual(values(toml).lookupdTcpAddresses, ['a', 'b'])
  assert.deepEqual(values(toml, '--lookupd-tcp-address=c').lookupdTcpAddresses, ['c'])
})

test('a duration is text with a unit, or an integer of milliseconds', () => {
  assert.equal(values('msg_timeout = "90s"').msgTimeoutMs, 90_000)
  assert.equal(values('msg_timeout = 1500').msgTimeoutMs, 1_500)
})

test('numbers may stand in quotes, lists in one text with commas', () => {
  assert.equal(values('mem_queue_size = "0x10"').memQueueSize, 16)
  assert.equal(values('sample = "0.5"').sample, 0.5)
  assert.deepEqual(values('nsqlookupd_tcp_addresses = "a,b"').lookupdTcpAddresses, ['a', 'b'])
  assert.deepEqual(values('percentiles = "1.0,0.5"').percentiles, [1, 0.5])
})

test('a list of floats may hold integers, on which nsqd crashes', () => {
  assert.deepEqual(values('percentiles = [1, 0.99]').percentiles, [1, 0.99])
})

test('a boolean is a boolean or its word; an integer, which nsqd inverts, is refused', () => {
  assert.equal(values('deflate = false').deflate, false)
  assert.equal(values('deflate = "f"').deflate, false)
  assert.equal(
    problem('deflate = 0'),
    'ERROR: Resolve failed to coerce value 0 (true) for field Deflate - write true or false, not 0',
  )
})

test('a word-like option takes a boolean too', () => {
  assert.equal(values('tls_required = true').tlsRequired, 'true')
  assert.equal(values('tls_required = "tcp-https"').tlsRequired, 'tcp-https')
})

test('a key of its own replaces the one made from the flag', () => {
  assert.equal(values('id = 9').nodeId, 9)
})

test('errors are worded as nsqd words them', () => {
  assert.equal(
    problem('msg_timeout = "abc"'),
    'ERROR: Resolve failed to coerce value abc (1m0s) for field MsgTimeout - time: invalid duration "abc"',
  )
  assert.match(
    problem('mem_queue_size = 1.5'),
    /^ERROR: Resolve failed to coerce value 1\.5 \(10000\) for field MemQueueSize - /,
  )
  assert.match(
    problem('mem_queue_size = "x"'),
    /^ERROR: Resolve failed to coerce value x \(10000\) for field MemQueueSize - /,
  )
  assert.match(problem('msg_timeout = 1.5'), / for field MsgTimeout - /)
  assert.match(problem('data_path = 5'), / for field DataPath - write text in quotes/)
  assert.match(problem('nsqlookupd_tcp_addresses = [5]'), / for field LookupdTcpAddress - /)
  assert.match(problem('percentiles = ["x"]'), / for field Percentile - /)
  assert.match(problem('percentiles = "x"'), / - Could not parse: x$/)
  assert.equal(problem('log_level = "x"'), 'failed parsing log_level x')
  assert.equal(problem('log_level = 3'), 'failed parsing log_level 3')
  assert.equal(problem('tls_required = "x"'), 'failed parsing tls_required x')
})

test('a file that is missing or no TOML is named with the reason', () => {
  assert.match(problem('x = = 1'), /^failed to load config file nsqd\.toml - \S/)
  const missing = resolveOptions(options, { program: 'nsqd', argv: ['--config=/does/not/exist'] })
  assert.equal(
    missing.kind === 'error' && missing.message,
    'failed to load config file /does/not/exist - open /does/not/exist: no such file or directory',
  )
})

test('unknown keys and tables are warnings that name the nearest key', () => {
  const resolution = resolve('mem_queue_sise = 1\nzzzzzzzzzzzzzzz = 1\n[table]\na = 1')
  assert.equal(resolution.kind, 'options')
  assert.deepEqual(resolution.warnings, [
    'nsqd.toml: unknown key mem_queue_sise is ignored; did you mean mem_queue_size?',
    'nsqd.toml: unknown key zzzzzzzzzzzzzzz is ignored',
    'nsqd.toml: unknown key table is ignored',
  ])
})

test('a value out of range in the file is reported by its flag', () => {
  assert.equal(problem('max_deflate_level = 11'), '--max-deflate-level must be [1,9]')
})

test('no file content makes the reader throw', () => {
  const key = fc.constantFrom(...Object.values(options).map((option) => option.key))
  const value = fc.constantFrom(
    '1',
    '1.5',
    'nan',
    'inf',
    'true',
    '"x"',
    '[]',
    '[1,"a"]',
    '{}',
    '1979-05-27',
  )
  const line = fc.oneof(
    fc.string(),
    fc.tuple(key, value).map(([k, v]) => `${k} = ${v}`),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
      assert.ok(['options', 'error'].includes(resolve(lines.join('\n')).kind))
    }),
  )
})
