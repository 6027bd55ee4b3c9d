// A real nsqd and a real consumer with our nsqlookupd between them, and with NSQ's, which proves the test.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildReference } from './build.ts'
import { RunningLookupd } from './lookupd-process.ts'
import { prepareOrSkip } from './skip.ts'

const TIMEOUT_MS = 20_000
const TOPIC = 'orders'

for (const binary of ['ours', 'reference'] as const) {
  void suite(`nsqd 1.3.0 with ${binary === 'ours' ? 'our nsqlookupd' : 'nsqlookupd 1.3.0'}`, () => {
    void test('registers what it has, and a consumer finds it', { timeout: 60_000 }, async (t) => {
      const lookupd = await prepareOrSkip(t, () =>
        RunningLookupd.start(binary, ['--broadcast-address=127.0.0.1']),
      )
      if (lookupd === undefined) return
      t.after(() => lookupd.stop())
      // nsqd asks for the channels of a new topic, and makes those that aren't ephemeral.
      await lookupd.http('POST', `/channel/create?topic=${TOPIC}&channel=early`)
      await lookupd.http('POST', `/channel/create?topic=${TOPIC}&channel=none%23ephemeral`)
      const nsqd = await startNsqd(t, lookupd)
      assert.equal(await nsqd.post(`/pub?topic=${TOPIC}`, 'hello'), 200)
      const seen = await until(lookupd, ({ producers }) => producers.length === 1)
      assert.equal(seen.producers[0]?.['http_port'], nsqd.httpPort)
      assert.ok(seen.channels.includes('early'))
      assert.match(await nsqd.get('/stats?format=json'), /"channel_name":"early"/)
      assert.doesNotMatch(await nsqd.get('/stats?format=json'), /none#ephemeral/)

      const tail = await startChild(t, 'nsq_tail', [
        `--lookupd-http-address=127.0.0.1:${lookupd.httpPort}`,
        `--topic=${TOPIC}`,
        '--channel=early',
        '-n=1',
      ])
      assert.ok(tail.stdout)
      assert.match(await text(tail.stdout), /^hello$/m)

      await nsqd.post(`/channel/create?topic=${TOPIC}&channel=tail%23ephemeral`)
      await until(lookupd, ({ channels }) => channels.includes('tail#ephemeral'))
      await nsqd.post(`/channel/delete?topic=${TOPIC}&channel=tail%23ephemeral`)
      await until(lookupd, ({ channels }) => !channels.includes('tail#ephemeral'))
      await nsqd.post(`/topic/delete?topic=${TOPIC}`)
      await until(lookupd, ({ producers }) => producers.length === 0)
      await nsqd.post(`/topic/create?topic=${TOPIC}`)
      await until(lookupd, ({ producers }) => producers.length === 1)
      nsqd.child.kill('SIGKILL')
      await until(lookupd, ({ producers }) => producers.length === 0)
    })
  })
}

interface Lookup {
  readonly channels: readonly string[]
  readonly producers: readonly Readonly<Record<string, unknown>>[]
}

async function until(lookupd: RunningLookupd, holds: (lookup: Lookup) => boolean): Promise<Lookup> {
  const deadline = Date.now() + TIMEOUT_MS
  for (;;) {
    const { status, body } = await lookupd.http('GET', `/lookup?topic=${TOPIC}`)
    if (status === 200) {
      const lookup: Lookup = JSON.parse(body)
      if (holds(lookup)) return lookup
    }
    assert.ok(Date.now() < deadline, `/lookup still answers ${body}`)
    await sleep(20)
  }
}

/** A process of NSQ's that ends with the test. */
async function startChild(
  t: TestContext,
  name: 'nsqd' | 'nsq_tail',
  args: readonly string[],
): Promise<ChildProcess> {
  const child = spawn(await buildReference(name), args, { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  })
  child.stderr?.resume()
  return child
}

async function startNsqd(t: TestContext, lookupd: RunningLookupd) {
  const dataPath = await mkdtemp(join(tmpdir(), 'tsq-interop-nsqd-'))
  const child = await startChild(t, 'nsqd', [
    `--data-path=${dataPath}`,
    '--tcp-address=127.0.0.1:0',
    '--http-address=127.0.0.1:0',
    '--broadcast-address=127.0.0.1',
    `--lookupd-tcp-address=127.0.0.1:${lookupd.tcpPort}`,
  ])
  t.after(() => rm(dataPath, { recursive: true, force: true }))
  assert.ok(child.stderr)
  let httpPort = 0
  const lines = createInterface({ input: child.stderr })
  let knowsLookupd = false
  for await (const line of lines) {
    httpPort ||= Number(/HTTP: listening on \S+:(\d+)/.exec(line)?.[1] ?? 0)
    knowsLookupd ||= /LOOKUPD\(\S+\): peer info/.test(line)
    if (httpPort !== 0 && knowsLookupd) break
  }
  child.stderr.resume()
  const call = (method: 'GET' | 'POST', path: string, body?: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${httpPort}${path}`, {
      method,
      ...(body === undefined ? {} : { body }),
    })
  return {
    child,
    httpPort,
    post: async (path: string, body?: string) => (await call('POST', path, body)).status,
    get: async (path: string) => (await call('GET', path)).text(),
  }
}
