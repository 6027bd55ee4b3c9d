import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  defineOptions,
  helpText,
  integer,
  OptionsError,
  referenceMarkdown,
  withDefaults,
} from '../src/index.ts'
import type { OptionsOf } from '../src/index.ts'
import { options } from './option-table.ts'

test('options given in code are completed with defaults and frozen', () => {
  const found: OptionsOf<typeof options> = withDefaults(options, {
    memQueueSize: 3,
    lookupdTcpAddresses: ['a'],
  })
  assert.equal(found.memQueueSize, 3)
  assert.deepEqual(found.lookupdTcpAddresses, ['a'])
  assert.equal(found.msgTimeoutMs, 60_000)
  assert.ok(Object.isFrozen(found) && Object.isFrozen(found.lookupdTcpAddresses))
})

test('every problem with options given in code is reported at once', () => {
  const partial = { memQueueSise: 1, maxDeflateLevel: 10, dataPath: 5, ackAfter: 'never' }
  // @ts-expect-error the compiler refuses these as well
  const attempt = () => withDefaults(options, partial)
  assert.throws(attempt, (error) => {
    assert.ok(error instanceof OptionsError)
    assert.equal(error.code, 'ERR_OPTIONS')
    assert.deepEqual(error.problems, [
      'unknown option memQueueSise; did you mean memQueueSize?',
      'maxDeflateLevel must be [1,9], not 10',
      'dataPath must be text, not 5',
      'ackAfter must be memory, write or fsync, not never',
    ])
    return true
  })
})

test('values of the wrong type are refused for every kind of option', () => {
  for (const name of Object.keys(options)) {
    const partial = { [name]: Symbol.iterator }
    assert.throws(() => withDefaults(options, partial), OptionsError, name)
  }
})

test('an explicit undefined means the default', () => {
  const partial: object = { memQueueSize: undefined }
  assert.equal(withDefaults(options, partial).memQueueSize, 10_000)
})

test('a table with two options for one flag or key is refused', () => {
  const row = integer({ flag: 'a', default: 0, doc: 'd' })
  assert.throws(() => defineOptions({ one: row, two: row }), /flag a exists twice/)
  const other = integer({ flag: 'b', key: 'a', default: 0, doc: 'd' })
  assert.throws(() => defineOptions({ one: row, two: other }), /key a exists twice/)
  const builtIn = integer({ flag: 'config', default: 0, doc: 'd' })
  assert.throws(() => defineOptions({ builtIn }), /flag config exists twice/)
})

test('help shows flags by group, with types and defaults as Go prints them', () => {
  const help = helpText(options, 'nsqd')
  assert.match(help, /^Usage of nsqd:\n\nGeneral:\n {2}-config string\n/)
  assert.match(
    help,
    /\nMessages:\n {2}-msg-timeout duration\n {4}\trequeue a message left unanswered this long \(default 1m0s\)\n/,
  )
  assert.match(help, /-log-prefix string\n.*\(default "\[nsqd\] "\)/)
  assert.match(help, /-deflate\n {4}\td \(default true\)/)
  assert.match(help, /-ack-after memory\|write\|fsync\n/)
  assert.match(help, /-node-id int\n.*\(default from the host name\)/)
  assert.match(help, /-lookupd-tcp-address value\n.*\(may be given several times\)/)
  assert.match(help, /\nDeprecated:\n {2}-verbose\n/)
})

test('the reference page has one row for each option', () => {
  const page = referenceMarkdown(options)
  for (const option of Object.values(options)) {
    assert.ok(page.includes(`| \`--${option.flag}\` | \`${option.key}\` |`), option.flag)
  }
  assert.match(page, /\| `--msg-timeout` \| `msg_timeout` \| duration \| `1m0s` \|/)
})
