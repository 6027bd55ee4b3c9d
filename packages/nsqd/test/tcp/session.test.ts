import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'

import { Client, type Frame, int32, isHeartbeat } from './client.ts'
import { runNsqd } from './running.ts'

const MIB = 1024 * 1024
const MAGIC_TIMEOUT_MS = 10_000

async function subscriber(address: string, topic: string, ready: number): Promise<Client> {
  const client = await Client.open(address)
  client.command('IDENTIFY', '{"heartbeat_interval":1000}')
  client.command(`SUB ${topic} c`)
  for (let i = 0; i < 2; i++) assert.equal((await client.next()).text, 'OK')
  client.command(`RDY ${ready}`)
  return client
}

async function publish(address: string, topic: string, ...bodies: string[]): Promise<void> {
  const client = await Client.open(address)
  for (const body of bodies) {
    client.command(`PUB ${topic}`, body)
    assert.equal((await client.next()).text, 'OK')
  }
  client.close()
}

void suite('a session in time', { concurrency: true }, () => {
  void test('a message for a quiet channel arrives at once, whatever the ready count', async (t) => {
    const { tcpAddress } = await runNsqd(t)
    const client = await subscriber(tcpAddress, 'quiet', 100)
    await sleep(50)
    await publish(tcpAddress, 'quiet', 'now')
    await client.until(() => client.frames.length > 0, 1_000)
    assert.deepEqual(
      client.frames.map(({ type, text }) => `${type} ${text}`),
      ['message now'],
    )
    client.close()
  })

  void test('heartbeats come while the client answers, and a silent one is closed after two intervals', async (t) => {
    const { tcpAddress } = await runNsqd(t)
    const [lively, silent, halfway] = await Promise.all([
      subscriber(tcpAddress, 'beats', 1),
      subscriber(tcpAddress, 'beats', 1),
      subscriber(tcpAddress, 'beats', 1),
    ])
    const startMs = performance.now()
    halfway.send('PUB t\n\0\0\0\x05fou')
    const answering = setInterval(() => lively.command('NOP'), 300)
    await Promise.all([silent.ended(), halfway.ended()])
    clearInterval(answering)
    const tookMs = performance.now() - startMs
    assert.ok(tookMs > 1_900, `closed after ${tookMs} ms`)
    assert.equal(lively.isEnded, false)
    assert.ok(lively.frames.length > 0 && lively.frames.every(isHeartbeat))
    assert.ok(halfway.frames.every(isHeartbeat), 'half a command is closed without an answer')
    lively.command('PUB beats', 'still here')
    const answers = [await lively.next(), await lively.next()]
    assert.deepEqual(answers.map(({ text }) => text).toSorted(), ['OK', 'still here'])
    lively.close()
  })

  void test('half a body goes on for as long as commands are not due', async (t) => {
    const { tcpAddress } = await runNsqd(t)
    const client = await subscriber(tcpAddress, 'slow-body', 1)
    client.send('PUB slow-body\n\0\0\0\x03')
    for (const byte of 'abc') {
      await sleep(300)
      client.send(byte)
    }
    const answers = [await client.next(), await client.next()]
    assert.deepEqual(answers.map(({ text }) => text).toSorted(), ['OK', 'abc'])
    client.close()
  })
})

void test('a connection that sends no magic is closed after ten seconds', async (t) => {
  const { tcpAddress } = await runNsqd(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const client = await Client.open(tcpAddress, '  V')
  // The server's side has been made once a later connection is answered.
  const later = await Client.open(tcpAddress)
  await answered(later)
  t.mock.timers.tick(MAGIC_TIMEOUT_MS - 1)
  await answered(later)
  assert.equal(client.isEnded, false)
  t.mock.timers.tick(1)
  t.mock.timers.reset()
  await client.ended()
  assert.deepEqual(client.frames, [])
  later.close()
})

/** Waits for an answer without a timer. */
async function answered(client: Client): Promise<void> {
  client.command('PUB answered', 'x')
  while (client.frames.length === 0) await nextTurn()
  assert.equal(client.frames.shift()?.text, 'OK')
}

void test('a fatal error can be read although more comes behind the bad command', async (t) => {
  const { tcpAddress } = await runNsqd(t)
  for (const bad of ['NONSENSE\n', 'PUB a/b\n', 'PUB t\n\x7f\xff\xff\xff', 'MPUB t\n\0\0\0\0']) {
    const client = await Client.open(tcpAddress)
    client.send(bad)
    for (let i = 0; i < 16; i++) {
      client.send(Buffer.alloc(MIB / 16, 'x'))
      await nextTurn()
    }
    await client.ended()
    const [frame] = client.frames
    assert.equal(frame?.type, 'error')
    assert.match(frame.text, /^E_/)
    assert.equal(client.frames.length, 1)
  }
})

void test('bodies that are announced and do not come take no memory', async (t) => {
  const { tcpAddress } = await runNsqd(t)
  const open = (): Promise<Client[]> =>
    Promise.all(Array.from({ length: 200 }, () => Client.open(tcpAddress)))
  // The first ones pay for code and pools.
  for (const client of await open()) client.close()
  const clients = await open()
  await sleep(50)
  const before = process.memoryUsage()
  for (const [i, client] of clients.entries()) {
    if (i % 3 === 0) client.send(Buffer.concat([Buffer.from('IDENTIFY\n'), int32(5 * MIB)]))
    if (i % 3 === 1) client.send(Buffer.concat([Buffer.from('PUB t\n'), int32(MIB)]))
    if (i % 3 === 2) {
      client.send(Buffer.concat([Buffer.from('MPUB t\n'), int32(5 * MIB), int32(1_000_000)]))
    }
    client.send('ten bytes.')
  }
  await sleep(200)
  const after = process.memoryUsage()
  const grown = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed
  assert.ok(grown < 20 * MIB, `memory grew by ${grown} bytes`)
  assert.ok(after.rss - before.rss < 20 * MIB, `the process grew by ${after.rss - before.rss}`)
  // Those whose ten bytes were no message sizes are still waited for.
  assert.ok(clients.filter(({ isEnded }) => !isEnded).length >= 133)
  for (const client of clients) client.close()
})

void test('a line without an end closes the connection however much more comes', async (t) => {
  const { tcpAddress } = await runNsqd(t)
  const client = await Client.open(tcpAddress)
  for (let i = 0; i < 64 && !client.isEnded; i++) {
    client.send(Buffer.alloc(64 * 1024, 'q'))
    await nextTurn()
  }
  await client.ended()
  assert.deepEqual(client.frames, [])
})

void test('a consumer that does not read delays no other on its channel or beside it', async (t) => {
  const { tcpAddress } = await runNsqd(t)
  const stuck = await subscriber(tcpAddress, 'busy', 50)
  stuck.socket.pause()
  const good = await subscriber(tcpAddress, 'busy', 2_500)
  const body = 'x'.repeat(100_000)
  const count = 200
  await publish(tcpAddress, 'busy', ...Array.from({ length: count }, () => body))
  const beside = await Client.open(tcpAddress)
  await answered(beside)
  // The stuck one holds at most its ready count; all others come to its neighbour.
  const got: Frame[] = []
  while (got.length < count - 50) {
    const frame = await good.next()
    got.push(frame)
    good.command(`FIN ${frame.id}`)
  }
  assert.ok(got.every(({ text }) => text.length === body.length))
  for (const client of [stuck, good, beside]) client.close()
})

void test('a client that reads no answers is not read from without end', async (t) => {
  const { tcpAddress } = await runNsqd(t)
  const flood = await subscriber(tcpAddress, 'flood', 0)
  flood.socket.pause()
  const before = process.memoryUsage().rss
  const commands = Buffer.from('FIN 0123456789abcdef\n'.repeat(50_000))
  for (let i = 0; i < 40; i++) flood.send(commands)
  await sleep(500)
  const waiting = flood.socket.writableLength
  assert.ok(waiting > 20 * MIB, `${waiting} bytes were left with the client`)
  const grown = process.memoryUsage().rss - before
  assert.ok(grown < 120 * MIB, `the process, client and all, grew by ${grown}`)
  const other = await Client.open(tcpAddress)
  await answered(other)
  for (const client of [flood, other]) client.close()
})

void test('what a torn connection had in flight comes at once to another consumer', async (t) => {
  const { tcpAddress } = await runNsqd(t)
  const first = await subscriber(tcpAddress, 'torn', 10)
  await publish(tcpAddress, 'torn', 'a', 'b', 'c')
  for (let i = 0; i < 3; i++) await first.next()
  const second = await subscriber(tcpAddress, 'torn', 10)
  first.socket.resetAndDestroy()
  const again = [await second.next(), await second.next(), await second.next()]
  assert.deepEqual(
    again.map(({ text, attempts }) => `${attempts} ${text}`),
    ['2 a', '2 b', '2 c'],
  )
  second.close()
})

void test('a topic is made by a valid publish only, not by a refused one as in nsqd 1.3.0', async (t) => {
  const nsqd = await runNsqd(t)
  for (const bad of ['MPUB made\n\0\0\0\0', 'MPUB made\n\0\0\0\x08\0\0\0\x01\0\0\0\0']) {
    const client = await Client.open(nsqd.tcpAddress)
    client.send(bad)
    assert.equal((await client.next()).type, 'error')
    client.close()
  }
  assert.equal(nsqd.topics.size, 0)
})

void test('a sample rate of 30 delivers about 30 of 100, not 31 as nsqd 1.3.0 would, and the rest is gone', async (t) => {
  const nsqd = await runNsqd(t)
  const client = await Client.open(nsqd.tcpAddress)
  client.command('IDENTIFY', '{"sample_rate":30}')
  client.command('SUB sampled c')
  client.command('RDY 2500')
  const count = 5_000
  const sizes = Buffer.from('\0\0\0\x01m'.repeat(count), 'latin1')
  client.command('MPUB sampled', Buffer.concat([int32(count), sizes]))
  await client.until(() => client.frames.filter(({ text }) => text === 'OK').length === 3)
  await sleep(300)
  const delivered = client.frames.filter(({ type }) => type === 'message').length
  const share = delivered / count
  assert.ok(share > 0.25 && share < 0.35, `${share} were delivered`)
  const [topic] = nsqd.topics.list()
  const [channel] = topic!.channels.values()
  assert.equal(channel!.stats().depth, 0)
  assert.equal(channel!.stats().inFlightCount, delivered)
  client.close()
})
