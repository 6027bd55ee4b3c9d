// What nsqd 1.3.0 and ours push to statsd for the same topics: the same names, in the same order, of the same kinds.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it, type TestContext } from 'node:test'
import { buildReference } from './build.ts'
import { repositoryFolder } from './folders.ts'
import { prepareOrSkip } from './skip.ts'

const OURS = join(repositoryFolder, 'packages', 'tsq', 'bin', 'nsqd.js')
const FLAGS = [
  '--tcp-address=127.0.0.1:0',
  '--http-address=127.0.0.1:0',
  '--broadcast-address=a.host',
  '--statsd-interval=2s',
  '--e2e-processing-latency-percentile=0.999,0.5',
]

/** The lines of the first whole push, without their values, which differ for memory. */
async function pushOf(t: TestContext, command: readonly string[]): Promise<string[]> {
  const dataPath = mkdtempSync(join(tmpdir(), 'tsq-statsd-'))
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  let text = ''
  const whole = new Promise<void>((resolve) => {
    socket.on('message', (packet) => {
      text += packet.toString()
      if (text.includes('mem.gc_runs')) resolve()
    })
  })
  const [program = '', ...leading] = command
  const target = `--statsd-address=127.0.0.1:${socket.address().port}`
  const args = [...leading, ...FLAGS, target, `--data-path=${dataPath}`]
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
    socket.close()
    rmSync(dataPath, { recursive: true, force: true })
  })
  for await (const line of createInterface({ input: child.stderr })) {
    const http = /HTTP: listening on (\S+)/.exec(line)?.[1]
    if (http === undefined) continue
    await publish(http)
    break
  }
  await whole
  child.kill('SIGTERM')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^nsq\.a_host_\d+\./, 'PREFIX.'))
    .map((line) => (line.includes('.mem.') ? line.replace(/:\d+\|/, ':N|') : line))
}

async function publish(http: string): Promise<void> {
  for (const request of [
    '/topic/create?topic=b.topic',
    '/channel/create?topic=b.topic&channel=c',
    '/channel/create?topic=b.topic&channel=a%23ephemeral',
    '/topic/create?topic=a%23ephemeral',
    '/pub?topic=b.topic',
  ]) {
    const response = await fetch(`http://${http}${request}`, { method: 'POST', body: 'hello' })
    assert.equal(response.status, 200, request)
  }
}

describe('statsd', () => {
  it('gets the same lines from ours as from nsqd 1.3.0', async (t) => {
    const reference = await prepareOrSkip(t, () => buildReference('nsqd'))
    if (reference === undefined) return
    const theirs = await pushOf(t, [reference])
    const ours = await pushOf(t, [process.execPath, OURS])
    assert.deepEqual(ours, theirs)
  })
})
