import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import {
  formatListenAddress,
  listen,
  ListenError,
  parseListenAddress,
} from '../src/listen-address.ts'

test('host and port are split as Go splits them', () => {
  assert.deepEqual(parseListenAddress('0.0.0.0:4150'), { kind: 'tcp', host: '0.0.0.0', port: 4150 })
  assert.deepEqual(parseListenAddress(':4150'), { kind: 'tcp', host: '', port: 4150 })
  assert.deepEqual(parseListenAddress('[::1]:4150'), { kind: 'tcp', host: '::1', port: 4150 })
  assert.deepEqual(parseListenAddress('localhost:0'), { kind: 'tcp', host: 'localhost', port: 0 })
})

test('anything else is the path of a Unix socket', () => {
  for (const path of ['/run/nsqd.sock', 'nsqd.sock', './a:b/c', '::1', '1:2:3']) {
    assert.deepEqual(parseListenAddress(path), { kind: 'unix', path })
  }
})

test('an empty address and a bad port are refused', () => {
  for (const text of ['', 'host:65536', ':http', 'host:-1']) {
    assert.throws(() => parseListenAddress(text), ListenError, text)
  }
})

test('addresses are written as they are read', () => {
  for (const text of ['127.0.0.1:80', '[::1]:80', '/a/b', ':80']) {
    assert.equal(formatListenAddress(parseListenAddress(text)), text)
  }
})

test('listening tells the real port, and a taken one is named with the reason', async () => {
  const server = createServer()
  const bound = await listen(server, '127.0.0.1:0')
  assert.ok(bound.kind === 'tcp' && bound.port > 0)
  const text = formatListenAddress(bound)
  await assert.rejects(listen(createServer(), text), {
    code: 'ERR_LISTEN',
    message: `listen (${text}) failed - listen tcp ${text}: bind: address already in use`,
  })
  server.close()
  await once(server, 'close')
})
