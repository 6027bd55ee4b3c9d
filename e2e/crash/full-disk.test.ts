import assert from 'node:assert/strict'
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import {
  decodeMessage,
  encodeFin,
  encodePub,
  encodeRdy,
  encodeSub,
  parseChannelName,
  parseTopicName,
} from '@tsq/protocol'

import { Connection } from './connection.ts'
import { NsqdProcess } from './nsqd-process.ts'
import { SmallDisk } from './small-disk.ts'

const TOPIC = parseTopicName('orders')!
const CHANNEL = parseChannelName('billing')!
const WAIT_MS = 30_000

class Waiting {
  readonly #texts: string[] = []
  #wake: (() => void) | undefined

  push(text: string): void {
    this.#texts.push(text)
    this.#wake?.()
  }

  async next(): Promise<string> {
    const limit = AbortSignal.timeout(WAIT_MS)
    while (this.#texts.length === 0) {
      limit.throwIfAborted()
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve
        }),
        sleep(1_000),
      ])
    }
    return this.#texts.shift()!
  }
}

class Client {
  readonly answers = new Waiting()
  readonly messages = new Waiting()
  readonly connection: Connection

  constructor(nsqd: NsqdProcess) {
    this.connection = new Connection(
      nsqd.tcpPort,
      {
        response: (text) => this.answers.push(text),
        error: (text) => this.answers.push(text),
        message: (data) => {
          const { id, body } = decodeMessage(data)
          this.messages.push(`${id} ${body.toString('latin1').slice(0, 8)}`)
        },
      },
      {},
    )
  }

  async ask(command: Uint8Array): Promise<string> {
    this.connection.send(command)
    return this.answers.next()
  }

  /** Takes one message and finishes it; returns its body's first letters. */
  async consume(): Promise<string> {
    const [id, body] = (await this.messages.next()).split(' ')
    this.connection.send(encodeFin(id!))
    return body!
  }
}

async function client(nsqd: NsqdProcess): Promise<Client> {
  const made = new Client(nsqd)
  assert.equal(await made.answers.next(), 'OK')
  return made
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const limit = AbortSignal.timeout(WAIT_MS)
  while (!(await isSo())) {
    limit.throwIfAborted()
    await sleep(50)
  }
}

test('a disk that fills up fails publishes, lets consumers go on and heals by itself', async (t) => {
  using disk = SmallDisk.mount(4 << 20)
  if (disk === undefined) {
    t.skip('needs the right to mount')
    return
  }
  const nsqd = new NsqdProcess(disk.path)
  try {
    await nsqd.listening()
    const filler = path.join(disk.path, 'filler')
    writeFileSync(filler, Buffer.alloc(2 << 20))
    const consumer = await client(nsqd)
    assert.equal(await consumer.ask(encodeSub(TOPIC, CHANNEL)), 'OK')

    const acked: string[] = []
    let publisher = await client(nsqd)
    let refusal = ''
    for (let i = 0; refusal === ''; i++) {
      const name = `m${String(i).padStart(7, '0')}`
      const answer = await publisher.ask(encodePub(TOPIC, Buffer.from(name.padEnd(30_000))))
      if (answer === 'OK') acked.push(name)
      else refusal = answer
      assert.ok(i < 200, 'the disk never filled up')
    }
    assert.match(refusal, /^E_PUB_FAILED PUB failed .*ENOSPC/)
    assert.ok(acked.length > 10, `${acked.length}`)
    assert.equal((await nsqd.post('/pub?topic=orders', 'x'.repeat(30_000))).status, 503)
    assert.match(await nsqd.get('/ping'), /^NOK - .*ENOSPC/)
    // A topic that cannot even be made is a failed publish too, not a broken broker.
    const { status } = await nsqd.post('/pub?topic=another', 'x'.repeat(30_000))
    assert.ok(status === 503 || status === 200, `${status}`)

    // Consumers go on, and what they read back is what was acknowledged.
    consumer.connection.send(encodeRdy(2))
    for (const name of acked.slice(0, 10)) assert.equal(await consumer.consume(), name)

    rmSync(filler)
    await until(async () => (await nsqd.get('/ping')) === 'OK')
    publisher = await client(nsqd)
    assert.equal(await publisher.ask(encodePub(TOPIC, Buffer.from('later'))), 'OK')

    await nsqd.end('SIGKILL')
    const next = new NsqdProcess(disk.path)
    await next.listening()
    const other = await client(next)
    assert.equal(await other.ask(encodeSub(TOPIC, CHANNEL)), 'OK')
    other.connection.send(encodeRdy(10))
    const left = new Set(acked.slice(10))
    let body = ''
    while (body !== 'later') {
      body = await other.consume()
      left.delete(body)
      assert.ok(body === 'later' || acked.includes(body), `nobody was told that ${body} was taken`)
    }
    assert.deepEqual([...left], [])
    await next.end('SIGKILL')
  } finally {
    await nsqd.end('SIGKILL')
    t.diagnostic(sizes(disk.path))
  }
})

function sizes(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return files.map((file) => `${file} ${statSync(path.join(folder, file)).size}`).join(', ')
}
