import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { resolveOptions } from '../src/index.ts'
import type { OptionsOf } from '../src/index.ts'
import { options } from './option-table.ts'

function resolve(...argv: string[]) {
  return resolveOptions(options, { program: 'nsqd', argv })
}

function values(...argv: string[]) {
  const resolution = resolve(...argv)
  assert.equal(resolution.kind, 'options', JSON.stringify(resolution))
  return resolution.values
}

function firstLine(...argv: string[]): string {
  const resolution = resolve(...argv)
  assert.equal(resolution.kind, 'error')
  return `${resolution.exitCode} ${resolution.message.split('\n')[0]}`
}

test('without flags every option has its default, and the values are frozen', () => {
  const found = values()
  assert.equal(found.msgTimeoutMs, 60_000)
  assert.equal(found.ackAfter, 'write')
  assert.deepEqual(found.lookupdTcpAddresses, [])
  assert.ok(Object.isFrozen(found))
  assert.ok(Object.isFrozen(found.lookupdTcpAddresses))
})

test('one dash or two, and a value after = or as the next word, are all the same', () => {
  for (const argv of [
    ['-msg-timeout', '5s'],
    ['--msg-timeout', '5s'],
    ['-msg-timeout=5s'],
    ['--msg-timeout=5s'],
  ]) {
    assert.equal(values(...argv).msgTimeoutMs, 5_000)
  }
  assert.equal(values('--data-path=a=b').dataPath, 'a=b')
  assert.equal(values('--data-path', '-x').dataPath, '-x')
  assert.equal(values('--data-path=').dataPath, '')
})

test('a boolean takes a value only after =', () => {
  assert.equal(values('--deflate=false').deflate, false)
  assert.equal(values('--deflate=0', '--deflate').deflate, true)
  const resolution = resolve('--deflate', 'false', '--mem-queue-size=1')
  assert.equal(resolution.kind, 'options')
  assert.equal(resolution.values.deflate, true)
  assert.equal(resolution.values.memQueueSize, 10_000)
  assert.deepEqual(resolution.positional, ['false', '--mem-queue-size=1'])
})

test('a boolean-like option knows words beyond true and false', () => {
  assert.equal(values('--tls-required').tlsRequired, 'true')
  assert.equal(values('--tls-required=tcp-https').tlsRequired, 'tcp-https')
})

test('-- and the first word that is no flag end the flags', () => {
  for (const argv of [
    ['--', '--nope'],
    ['-', '--nope'],
    ['word', '--nope'],
  ]) {
    assert.equal(resolve(...argv).kind, 'options')
  }
  const resolution = resolve('--sample=0.5', '--', '-a', 'b')
  assert.equal(resolution.kind, 'options')
  assert.deepEqual(resolution.positional, ['-a', 'b'])
})

test('the last of repeated flags wins, but lists grow', () => {
  assert.equal(values('--mem-queue-size=1', '--mem-queue-size=2').memQueueSize, 2)
  assert.deepEqual(
    values('--lookupd-tcp-address=a,b', '--lookupd-tcp-address=c').lookupdTcpAddresses,
    ['a,b', 'c'],
  )
  assert.deepEqual(values('--percentile=1.0,0.99', '--percentile=0.5').percentiles, [1, 0.99, 0.5])
})

test('integers may be written in any of the ways Go reads', () => {
  assert.equal(values('--mem-queue-size=0x10').memQueueSize, 16)
  assert.equal(values('--mem-queue-size=1_000').memQueueSize, 1_000)
})

test('the log level is known in any case', () => {
  assert.equal(values('--log-level=WARN').logLevel, 'warn')
})

test('flag errors begin with the line Go prints, and end with code 2', () => {
  assert.equal(firstLine('--nope'), '2 flag provided but not defined: -nope')
  assert.equal(
    firstLine('--mem-queue-size=abc'),
    '2 invalid value "abc" for flag -mem-queue-size: parse error',
  )
  assert.equal(
    firstLine('--mem-queue-size=99999999999999999999'),
    '2 invalid value "99999999999999999999" for flag -mem-queue-size: value out of range',
  )
  assert.equal(
    firstLine('--msg-timeout=5'),
    '2 invalid value "5" for flag -msg-timeout: parse error',
  )
  assert.equal(firstLine('--msg-timeout='), '2 invalid value "" for flag -msg-timeout: parse error')
  assert.equal(firstLine('--version=x'), '2 invalid boolean value "x" for -version: parse error')
  assert.equal(firstLine('--deflate=x'), '2 invalid boolean value "x" for -deflate: parse error')
  assert.equal(firstLine('--mem-queue-size'), '2 flag needs an argument: -mem-queue-size')
  assert.equal(firstLine('---x'), '2 bad flag syntax: ---x')
  assert.equal(firstLine('-=x'), '2 bad flag syntax: -=x')
  assert.equal(
    firstLine('--log-level=foo'),
    `2 invalid value "foo" for flag -log-level: invalid log level 'foo' (debug, info, warn, error, fatal)`,
  )
})

test('a mistyped flag is answered with the one that was meant', () => {
  const resolution = resolve('--mem-queue-sise=1')
  assert.equal(resolution.kind, 'error')
  assert.match(resolution.message, /did you mean mem-queue-size\?/)
  assert.match(resolution.usage, /^Usage of nsqd:/)
})

test('a bad percentile ends with code 1 and its own line, as in nsqd', () => {
  assert.equal(firstLine('--percentile=abc'), '1 Could not parse: abc')
})

test('values out of range are all reported, by flag, with code 1', () => {
  assert.equal(firstLine('--max-deflate-level=10'), '1 --max-deflate-level must be [1,9]')
  assert.equal(
    firstLine('--max-deflate-level=0', '--auth-http-request-method=PUT', '--msg-timeout=0'),
    '1 --msg-timeout must be at least 1ms; --max-deflate-level must be [1,9]; ' +
      '--auth-http-request-method must be post or get',
  )
})

function rules(found: OptionsOf<typeof options>): readonly string[] {
  return found.sample === 0 && found.deflate ? ['--sample=0 needs --deflate=false'] : []
}

test('rules across options are checked once each option is sound', () => {
  const bad = resolveOptions(options, { program: 'nsqd', argv: ['--sample=0'], rules })
  assert.equal(bad.kind === 'error' && bad.message, '--sample=0 needs --deflate=false')
  const argv = ['--sample=0', '--deflate=false']
  assert.equal(resolveOptions(options, { program: 'nsqd', argv, rules }).kind, 'options')
})

test('help asks for exit code 0, in every spelling', () => {
  for (const flag of ['-h', '--h', '-help', '--help']) {
    const resolution = resolve('--deflate=false', flag, '--nope')
    assert.equal(resolution.kind, 'help')
    assert.equal(resolution.exitCode, 0)
  }
})

test('version is seen after the flags are parsed and before the file is read', () => {
  assert.equal(resolve('--version', '--config=/does/not/exist').kind, 'version')
  assert.equal(resolve('--version', '--nope').kind, 'error')
  assert.equal(resolve('--version=false').kind, 'options')
})

test('a program may do without --config and --version', () => {
  const builtIn = { config: false, version: false }
  const resolution = resolveOptions(options, { program: 'to_nsq', argv: ['--version'], builtIn })
  assert.equal(resolution.kind, 'error')
  assert.match(resolution.message, /^flag provided but not defined: -version/)
})

test('using a deprecated flag is a warning', () => {
  const resolution = resolve('--verbose')
  assert.equal(resolution.kind, 'options')
  assert.deepEqual(resolution.warnings, [
    '--verbose is deprecated: has no effect, use --log-level=debug',
  ])
})

function emptyFile(): string {
  return ''
}

test('no command line makes the parser throw', () => {
  const flags = Object.values(options).map((option) => option.flag)
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('-', '--', '-h', '--version', '--='),
    fc
      .tuple(fc.constantFrom('-', '--', '---'), fc.constantFrom(...flags), fc.string())
      .map(([dashes, flag, value]) => `${dashes}${flag}=${value}`),
    fc.constantFrom(...flags).map((flag) => `--${flag}`),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
      const resolution = resolveOptions(options, { program: 'nsqd', argv, readFile: emptyFile })
      assert.ok(['options', 'help', 'version', 'error'].includes(resolution.kind))
    }),
  )
})
