import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger, loggerOf, logOptions, withDefaults, defineOptions } from '../src/index.ts'
import type { LoggerOptions } from '../src/index.ts'

function capture(options: LoggerOptions = {}) {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  return { lines, logger: createLogger({ prefix: '[nsqd] ', ...options, destination }) }
}

const STAMP = String.raw`^\[nsqd\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} `

test("lines look like NSQ's", () => {
  const { lines, logger } = capture({ level: 'debug' })
  logger.debug('a')
  logger.info('b')
  logger.warn('c')
  logger.error('d')
  logger.fatal('e')
  const expected = ['DEBUG: a', 'INFO: b', 'WARNING: c', 'ERROR: d', 'FATAL: e']
  assert.equal(lines.length, expected.length)
  for (const [i, rest] of expected.entries()) {
    assert.match(lines[i] ?? '', new RegExp(`${STAMP}${rest}\n$`))
  }
})

test('the time is local time, now', () => {
  const { lines, logger } = capture()
  const before = Date.now()
  logger.info('x')
  const [, y, mo, d, h, mi, s, us] =
    /(\d+)\/(\d+)\/(\d+) (\d+):(\d+):(\d+)\.(\d+)/.exec(lines[0] ?? '')?.map(Number) ?? []
  assert.ok(y && mo && d && us !== undefined)
  const logged = new Date(y, mo - 1, d, h, mi, s, us / 1_000).getTime()
  assert.ok(Math.abs(logged - before) < 1_000)
})

test('lines below the level are not written', () => {
  const { lines, logger } = capture({ level: 'warn' })
  logger.debug('a')
  logger.info('b')
  assert.equal(logger.isEnabled('info'), false)
  assert.equal(logger.isEnabled('error'), true)
  assert.deepEqual(lines, [])
})

test('changing the level changes it for children that exist already', () => {
  const { lines, logger } = capture({ level: 'error' })
  const child = logger.child({ topic: 'orders' }).child({ channel: 'archive' })
  child.info('unseen')
  logger.level = 'debug'
  child.debug('seen')
  assert.equal(child.level, 'debug')
  assert.equal(lines.length, 1)
})

test('a child names its topic, channel and client before the text', () => {
  const { lines, logger } = capture()
  logger.child({ topic: 'orders' }).child({ channel: 'archive' }).info('paused', { depth: 5 })
  assert.match(
    lines[0] ?? '',
    new RegExp(`${STAMP}INFO: TOPIC\\(orders\\) CHANNEL\\(archive\\): paused depth=5\n$`),
  )
})

test("an error's message follows the text", () => {
  const { lines, logger } = capture()
  logger.error('cannot read', { err: new Error('boom') })
  assert.match(lines[0] ?? '', /ERROR: cannot read - boom\n$/)
})

test('percent signs in a text are kept as they are', () => {
  const { lines, logger } = capture()
  logger.info('100%s %d', { depth: 1 })
  assert.match(lines[0] ?? '', /INFO: 100%s %d depth=1\n$/)
})

test('what a peer sent can neither forge a line nor drive the terminal', () => {
  const { lines, logger } = capture()
  logger.info('a\n[nsqd] 2026/01/01 00:00:00.000000 INFO: forged\u001b[31m\r')
  assert.match(lines[0] ?? '', /a\n\t\[nsqd\] .* forged\\x1b\[31m\\x0d\n$/)
})

test('the json format gives one object a line', () => {
  const { lines, logger } = capture({ format: 'json' })
  logger.child({ topic: 'orders' }).warn('x', { err: new Error('boom') })
  const line: unknown = JSON.parse(lines[0] ?? '')
  assert.ok(typeof line === 'object' && line !== null)
  const { level, name, topic, msg } = { level: '', name: '', topic: '', msg: '', ...line }
  assert.deepEqual(
    { level, name, topic, msg },
    { level: 'warn', name: 'nsqd', topic: 'orders', msg: 'x' },
  )
  assert.ok('time' in line && typeof line.time === 'number')
})

test('the shared options make the logger', () => {
  const table = defineOptions(logOptions('nsqlookupd'))
  const logger = loggerOf(withDefaults(table, { logLevel: 'error' }))
  assert.equal(logger.level, 'error')
  assert.equal(withDefaults(table).logPrefix, '[nsqlookupd] ')
})
