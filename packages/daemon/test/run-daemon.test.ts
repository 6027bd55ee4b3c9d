import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Child } from './child.ts'

const FATAL = String.raw`^\[testd\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} FATAL: `

test('help goes to standard error and ends with 0', async (t) => {
  const child = new Child(t, 'daemon', ['--help'])
  assert.equal(await child.ends(), 0)
  assert.match(child.stderr, /^Usage of testd:\n/)
  assert.equal(child.stdout, '')
})

test('the version goes to standard output and ends with 0', async (t) => {
  const child = new Child(t, 'daemon', ['--version'])
  assert.equal(await child.ends(), 0)
  assert.equal(child.stdout, 'testd v1.0.0\n')
})

test('a bad flag ends with 2 and the usage', async (t) => {
  const child = new Child(t, 'daemon', ['--nope'])
  assert.equal(await child.ends(), 2)
  assert.match(child.stderr, /^flag provided but not defined: -nope\nUsage of testd:\n/)
})

test('a bad value, a bad file and a daemon that refuses end with 1 and a FATAL line', async (t) => {
  const cases = [
    [['--level=10'], 'failed to instantiate testd - --level must be \\[1,9\\]\n$'],
    [
      ['--config=/nope'],
      'failed to load config file /nope - open /nope: no such file or directory\n$',
    ],
    [['refuse'], 'failed to instantiate testd - failed to lock data-path: /data does not exist\n$'],
    [['break'], 'cannot load metadata\n\tError: cannot load metadata\n'],
  ] as const
  const runs = cases.map(async ([argv, expected]) => {
    const child = new Child(t, 'daemon', argv)
    assert.equal(await child.ends(), 1)
    assert.match(child.stderr, new RegExp(FATAL + expected))
  })
  await Promise.all(runs)
})

test('SIGTERM, SIGINT and SIGHUP close the daemon once and end with 0', async (t) => {
  const runs = (['SIGTERM', 'SIGINT', 'SIGHUP'] as const).map(async (signal) => {
    const child = new Child(t, 'daemon', ['--level=3'])
    await child.says('started')
    child.kill('SIGUSR1').kill('SIGUSR2').kill(signal).kill(signal).kill('SIGTERM')
    assert.equal(await child.ends(), 0, signal)
    assert.equal(child.stdout, 'started\nclose 1\n')
    assert.match(child.stderr, /^\[testd\] \S+ \S+ INFO: level 3\n$/)
  })
  await Promise.all(runs)
})

test('a daemon that handles SIGHUP goes on after it', async (t) => {
  const child = new Child(t, 'daemon', ['hangup'])
  await child.says('started')
  child.kill('SIGHUP')
  await child.says('hangup')
  assert.equal(await child.kill('SIGTERM').ends(), 0)
})

test('a signal during the start closes the daemon once it has started', async (t) => {
  const child = new Child(t, 'daemon', ['slow'])
  await child.says('starting')
  assert.equal(await child.kill('SIGTERM').ends(), 0)
  assert.equal(child.stdout, 'starting\nstarted\nclose 1\n')
})

test('a daemon that does not close is ended with 1 and a sentence', async (t) => {
  const child = new Child(t, 'daemon', ['stuck'])
  await child.says('started')
  assert.equal(await child.kill('SIGTERM').ends(), 1)
  assert.match(child.stderr, /FATAL: testd did not stop within 0\.2 s, giving up\n$/)
})

test('a daemon that fails to close cleanly ends with 1', async (t) => {
  const child = new Child(t, 'daemon', ['unclean'])
  await child.says('started')
  assert.equal(await child.kill('SIGTERM').ends(), 1)
  assert.match(child.stderr, /FATAL: failed to stop cleanly - cannot persist\n/)
})

test('a stray exception or rejection is a crash: FATAL, exit code 2', async (t) => {
  const runs = ['throw', 'reject'].map(async (deed) => {
    const child = new Child(t, 'daemon', [deed])
    assert.equal(await child.ends(), 2)
    assert.match(child.stderr, /FATAL: testd crashed - .*\n\t\w*Error: /)
  })
  await Promise.all(runs)
})

test('a daemon can end itself, well or not', async (t) => {
  const well = new Child(t, 'daemon', ['stop'])
  const ill = new Child(t, 'daemon', ['fail'])
  assert.equal(await well.ends(), 0)
  assert.equal(await ill.ends(), 1)
  assert.match(ill.stderr, /FATAL: listener died\n/)
  assert.match(ill.stdout, /close 1/)
})

test('warnings and the asked log level apply from the first line', async (t) => {
  const child = new Child(t, 'daemon', ['--verbose', '--log-level=warn', '--log-prefix=x ', 'stop'])
  assert.equal(await child.ends(), 0)
  assert.match(child.stderr, /^x \S+ \S+ WARNING: --verbose is deprecated: [^\n]*\n$/)
})
