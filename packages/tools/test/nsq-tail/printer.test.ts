import assert from 'node:assert/strict'
import { PassThrough, Writable } from 'node:stream'
import { suite, test } from 'node:test'

import { Printer } from '../../src/nsq-tail/printer.ts'

const PLAIN = { isTopicShown: false, isPretty: false, isColoured: false }

void suite('nsq_tail prints', () => {
  void test('bodies as they are, a line each', async () => {
    const stream = new PassThrough()
    const printer = new Printer(stream, PLAIN)
    const body = Buffer.from([0xff, 0x0a, 0x00, 0x41])
    await printer.print('t', body)
    assert.deepEqual(stream.read(), Buffer.from([0xff, 0x0a, 0x00, 0x41, 0x0a]))
  })

  void test('the topic where it is asked for, and JSON indented', async () => {
    const stream = new PassThrough()
    const printer = new Printer(stream, { ...PLAIN, isTopicShown: true, isPretty: true })
    await printer.print('t', Buffer.from('{"a":1}'))
    await printer.print('t', Buffer.from('text'))
    assert.equal(String(stream.read()), 't | {\n  "a": 1\n}\nt | text\n')
  })

  void test('and says when it could not', async () => {
    const stream = new Writable({
      write(_chunk, _encoding, done) {
        done(new Error('no space left'))
      },
    })
    stream.on('error', () => {})
    await assert.rejects(new Printer(stream, PLAIN).print('t', Buffer.from('a')), /no space left/)
  })
})
