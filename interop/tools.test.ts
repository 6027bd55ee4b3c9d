// NSQ's own utilities, all on go-nsq, against a nsqd: each is used the way an operator uses it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildReference, type ReferenceName } from './build.ts'
import { nsqdBinaries, type NsqdBinary, type RunningNsqd, startNsqd } from './nsqd.ts'
import { prepareOrSkip } from './skip.ts'
import { startTool, type Tool } from './tool.ts'

const LINES = 500
const TIMEOUT_MS = 15_000
const TOPIC = 'source'
const CHANNEL = 'tool'

const lines = Array.from({ length: LINES }, (_, n) => `line ${n} ${'x'.repeat(n % 90)}`)

for (const binary of ['ours', 'reference'] as const) {
  void suite(`NSQ's utilities with ${nsqdBinaries[binary]}`, () => {
    void test('to_nsq publishes the lines it reads, nsq_tail prints them', async (t) => {
      const nsqd = await startNsqdWithLines(t, binary)
      if (nsqd === undefined) return
      const tail = await startReference(t, 'nsq_tail', [...consumeFrom(nsqd), `-n=${LINES}`])
      // It ends without answering the last message, so there is no waiting for an empty channel.
      assertSameLines(await tail.output(), lines)
    })

    void test('nsq_to_nsq copies a topic to another', async (t) => {
      const nsqd = await startNsqdWithLines(t, binary)
      if (nsqd === undefined) return
      await nsqd.post('/topic/create?topic=copy')
      await startReference(t, 'nsq_to_nsq', [
        ...consumeFrom(nsqd),
        `-destination-nsqd-tcp-address=${nsqd.tcpAddress}`,
        '-destination-topic=copy',
      ])
      await waitUntilDrained(nsqd, TOPIC)
      assert.equal((await nsqd.stats('copy'))?.message_count, LINES)
    })

    void test('nsq_to_file archives a topic', async (t) => {
      const nsqd = await startNsqdWithLines(t, binary)
      if (nsqd === undefined) return
      const folder = await mkdtemp(join(tmpdir(), 'tsq-interop-archive-'))
      t.after(() => rm(folder, { recursive: true, force: true }))
      const archiver = await startReference(t, 'nsq_to_file', [
        ...consumeFrom(nsqd),
        `-output-dir=${folder}`,
        '-sync-interval=100ms',
      ])
      await waitUntilDrained(nsqd, TOPIC)
      await archiver.stop()
      const names = await readdir(folder)
      const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
      assertSameLines(texts.join(''), lines)
    })

    void test('nsq_to_http posts each message', async (t) => {
      const nsqd = await startNsqdWithLines(t, binary)
      if (nsqd === undefined) return
      const bodies: string[] = []
      const receiver = createServer((request, response) => {
        void text(request).then((body) => {
          bodies.push(body)
          return response.end()
        })
      })
      await once(receiver.listen(0, '127.0.0.1'), 'listening')
      t.after(() => receiver.close().closeAllConnections())
      const address = receiver.address()
      assert.ok(address !== null && typeof address === 'object')
      await startReference(t, 'nsq_to_http', [
        ...consumeFrom(nsqd),
        `-post=http://127.0.0.1:${address.port}/`,
        '-content-type=text/plain',
      ])
      await waitUntilDrained(nsqd, TOPIC)
      assertSameLines(bodies.join('\n'), lines)
    })

    void test('nsq_stat reads the depth of a channel', async (t) => {
      const nsqd = await startNsqdWithLines(t, binary)
      if (nsqd === undefined) return
      const stat = await startReference(t, 'nsq_stat', [
        `-nsqd-http-address=${nsqd.httpAddress}`,
        `-topic=${TOPIC}`,
        `-channel=${CHANNEL}`,
        '-interval=100ms',
        '-count=2',
      ])
      const output = await stat.output()
      assert.match(
        output,
        new RegExp(`\\|\\s+${LINES}\\s`),
        'the first column after the rates is the depth',
      )
    })
  })
}

function consumeFrom(nsqd: RunningNsqd): string[] {
  return [`-nsqd-tcp-address=${nsqd.tcpAddress}`, `-topic=${TOPIC}`, `-channel=${CHANNEL}`]
}

/** A nsqd whose topic has one channel, with all the lines waiting in it. */
async function startNsqdWithLines(
  t: TestContext,
  binary: NsqdBinary,
): Promise<RunningNsqd | undefined> {
  const publisher = await prepareOrSkip(t, () => buildReference('to_nsq'))
  if (publisher === undefined) return undefined
  const nsqd = await prepareOrSkip(t, () => startNsqd({ binary }))
  if (nsqd === undefined) return undefined
  t.after(() => nsqd.stop())
  await nsqd.post(`/topic/create?topic=${TOPIC}`)
  await nsqd.post(`/channel/create?topic=${TOPIC}&channel=${CHANNEL}`)
  const toNsq = await startReference(t, 'to_nsq', [
    `-nsqd-tcp-address=${nsqd.tcpAddress}`,
    `-topic=${TOPIC}`,
  ])
  toNsq.input(`${lines.join('\n')}\n`)
  await toNsq.output()
  assert.equal((await nsqd.stats(TOPIC))?.message_count, LINES)
  return nsqd
}

async function startReference(t: TestContext, name: ReferenceName, args: string[]): Promise<Tool> {
  return startTool(t, await buildReference(name), args)
}

async function waitUntilDrained(nsqd: RunningNsqd, topic: string): Promise<void> {
  const giveUpMs = Date.now() + TIMEOUT_MS
  for (;;) {
    const channel = (await nsqd.stats(topic))?.channels[0]
    assert.ok(channel, `/stats has a channel of ${topic}`)
    if (channel.depth + channel.in_flight_count === 0) return
    assert.ok(Date.now() < giveUpMs, `${channel.depth} messages wait, not taken by the utility`)
    await sleep(50)
  }
}

/** NSQ promises no order. */
function assertSameLines(output: string, expected: readonly string[]): void {
  const seen = output.split('\n').filter((line) => line !== '')
  assert.deepEqual(seen.toSorted(), expected.toSorted())
}
