import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'

import { isPassword, parsePasswordHash } from '../src/auth/password.ts'

const ENTRY = new URL('../src/index.js', import.meta.url).href
const CODE = `import { main } from ${JSON.stringify(ENTRY)}; await main(process.argv.slice(1))`

function start(t: TestContext, args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', CODE, '--', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  return child
}

async function outcome(t: TestContext, args: readonly string[], input = '') {
  const child = start(t, args)
  child.stdin!.end(input)
  const [out, err] = [text(child.stdout!), text(child.stderr!)]
  const [code] = (await once(child, 'exit')) as [number | null]
  return { code, out: await out, err: await err }
}

test('version, help, and why it does not start', async (t) => {
  const [version, help, nobody, both] = await Promise.all([
    outcome(t, ['-version']),
    outcome(t, ['--help']),
    outcome(t, []),
    outcome(t, ['--lookupd-http-address=127.0.0.1:1', '--nsqd-http-address=127.0.0.1:1']),
  ])
  assert.equal(version.code, 0)
  assert.match(version.out, /^nsqadmin v1\.3\.0 \(.*\)\n$/)
  assert.match(help.err, /notification-http-endpoint/)
  assert.equal(nobody.code, 1)
  assert.match(
    nobody.err,
    /FATAL: failed to instantiate nsqadmin - --nsqd-http-address or --lookupd-http-address required\n$/,
  )
  assert.equal(both.code, 1)
})

test('it stops in order when told to, with pages that listen', async (t) => {
  const child = start(t, ['--lookupd-http-address=127.0.0.1:1', '--http-address=127.0.0.1:0'])
  let log = ''
  let address = ''
  child.stderr!.setEncoding('utf8')
  for await (const part of child.stderr!) {
    log += String(part)
    address = /HTTP: listening on (\S+)/.exec(log)?.[1] ?? ''
    if (address !== '') break
  }
  const response = await fetch(`http://${address}/api/events`)
  child.kill('SIGTERM')
  const [code] = (await once(child, 'exit')) as [number]
  assert.equal(code, 0)
  await response.text()
})

test('hash-password makes a hash of what it is given, and of no argument', async (t) => {
  const [made, short, argument] = await Promise.all([
    outcome(t, ['hash-password'], 'correct horse\n'),
    outcome(t, ['hash-password'], 'short\n'),
    outcome(t, ['hash-password', 'secret']),
  ])
  assert.equal(made.code, 0)
  const hash = parsePasswordHash(made.out.trim())
  assert.ok(hash)
  assert.ok(await isPassword('correct horse', hash))
  assert.deepEqual([short.code, short.out], [1, ''])
  assert.match(short.err, /at least 8 characters/)
  assert.deepEqual([argument.code, argument.out], [2, ''])
})
