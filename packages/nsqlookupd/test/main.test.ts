import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'

import { Peer } from './support/peer.ts'

const LOOPBACK = ['--tcp-address=127.0.0.1:0', '--http-address=127.0.0.1:0']
const ENTRY = new URL('../src/index.js', import.meta.url).href
const CODE = `import { main } from ${JSON.stringify(ENTRY)}; await main(process.argv.slice(1))`

function start(t: TestContext, args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', CODE, '--', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  return child
}

async function outcome(t: TestContext, ...args: string[]) {
  const child = start(t, args)
  const [out, err] = [text(child.stdout!), text(child.stderr!)]
  const [code] = await once(child, 'exit')
  return { code: code as unknown, out: await out, err: await err }
}

test('version and help', async (t) => {
  const version = await outcome(t, '-version')
  assert.equal(version.code, 0)
  assert.match(version.out, /^nsqlookupd v1\.3\.0 \(.*\)\n$/)
  const help = await outcome(t, '--help')
  assert.equal(help.code, 0)
  assert.match(help.err, /inactive-producer-timeout/)
})

test('a bad flag, a bad file and a taken port have their exit codes', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tsq-lookupd-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'bad.toml')
  await writeFile(file, 'tombstone_lifetime = "45"\n')
  const taken = createServer()
  await once(taken.listen(0, '127.0.0.1'), 'listening')
  t.after(() => taken.close())
  const address = taken.address()
  assert.ok(address !== null && typeof address === 'object')

  const results = await Promise.all([
    outcome(t, '--nope'),
    outcome(t, '--tombstone-lifetime=45'),
    outcome(t, '--config=/nonexistent.toml'),
    outcome(t, `--config=${file}`),
    outcome(t, `--tcp-address=127.0.0.1:${address.port}`, '--http-address=127.0.0.1:0'),
  ])
  assert.deepEqual(
    results.map(({ code }) => code),
    [2, 2, 1, 1, 1],
  )
  assert.match(results[2].err, /FATAL: failed to load config file \/nonexistent.toml - /)
  assert.match(results[3].err, /ERROR: Resolve failed to coerce value/)
  assert.match(results[4].err, /failed to instantiate nsqlookupd - listen \(127.* already in use/)
})

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`${signal} stops it cleanly`, { timeout: 20_000 }, async (t) => {
    const child = start(t, [...LOOPBACK, '--log-prefix=[x] '])
    let log = ''
    const listening = new Promise<string>((resolve) => {
      child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
        log += chunk
        const address = /\[x\] .* TCP: listening on (\S+)\n/.exec(log)?.[1]
        if (address !== undefined && log.includes('HTTP: listening on')) resolve(address)
      })
    })
    using peer = await Peer.identified(await listening)
    child.kill(signal)
    const [code] = await once(child, 'exit')
    assert.equal(code, 0)
    assert.deepEqual(await peer.answers(), [])
    assert.match(log, /TCP: closing 127\.0\.0\.1:\d+\n/)
  })
}
