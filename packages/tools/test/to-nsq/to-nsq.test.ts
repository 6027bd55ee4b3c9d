import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { suite, test, type TestContext } from 'node:test'

import { withDefaults } from '@tsq/daemon'
import { until } from '@tsq/testing'

import { FatalError } from '../../src/common/fatal-error.ts'
import { toNsqOptions } from '../../src/to-nsq/options.ts'
import { ToNsq } from '../../src/to-nsq/to-nsq.ts'

/** A nsqd that answers IDENTIFY, and a publish only when a test says so. */
class SilentNsqd implements AsyncDisposable {
  publishes = 0
  readonly #server: Server
  #socket: Socket | undefined

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => {
      this.#socket = socket
      socket.on('error', () => undefined)
      socket.on('data', (bytes) => {
        const text = bytes.toString('latin1')
        if (text.includes('IDENTIFY\n')) this.#respond('{}')
        if (text.includes('PUB ')) this.publishes += 1
      })
    })
  }

  static async start(): Promise<SilentNsqd> {
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return new SilentNsqd(server)
  }

  get address(): string {
    const address = this.#server.address()
    return typeof address === 'object' ? `127.0.0.1:${address?.port}` : ''
  }

  ok(): void {
    this.#respond('OK')
  }

  hangUp(): void {
    this.#socket?.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #respond(text: string): void {
    const frame = Buffer.alloc(8)
    frame.writeInt32BE(4 + text.length, 0)
    this.#socket?.write(Buffer.concat([frame, Buffer.from(text)]))
  }
}

interface Started {
  readonly tool: ToNsq
  readonly running: Promise<unknown>
  readonly logged: string[]
}

/** Feeds to_nsq one chunk of input, and waits until a publish of it has come. */
async function publishing(
  t: TestContext,
  nsqd: SilentNsqd,
  { text, rate = 0 }: { text: string; rate?: number },
  closeTimeoutMs?: number,
): Promise<Started> {
  const logged: string[] = []
  t.mock.method(process.stderr, 'write', (line: string) => logged.push(line) > 0)
  const options = withDefaults(toNsqOptions, {
    topic: 't',
    nsqdTcpAddresses: [nsqd.address],
    rate,
  })
  const input = new PassThrough()
  const tool = new ToNsq(options, input, closeTimeoutMs)
  const running = tool.run().catch((error: unknown) => error)
  input.write(text)
  await until('a publish has come', () => nsqd.publishes === 1)
  return { tool, running, logged }
}

void suite('to_nsq told to stop', () => {
  void test('waits for what it has read to be published', async (t) => {
    await using nsqd = await SilentNsqd.start()
    const { tool, running, logged } = await publishing(t, nsqd, { text: 'a\nb\nhalf' })
    let isClosed = false
    const closing = tool.close().finally(() => {
      isClosed = true
    })
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    assert.equal(isClosed, false)
    nsqd.ok()
    await closing
    assert.equal(await running, undefined)
    assert.doesNotMatch(logged.join(''), /records read/)
  })

  void test('fails, and says how much is lost, when nsqd goes', async (t) => {
    await using nsqd = await SilentNsqd.start()
    const { tool, running, logged } = await publishing(t, nsqd, { text: 'a\nb\n' })
    const closing = tool.close()
    nsqd.hangUp()
    await assert.rejects(closing, FatalError)
    assert.ok((await running) instanceof FatalError)
    assert.match(logged.join(''), / 2 records read and not known to be published\n$/)
  })

  void test('fails when nsqd does not answer in time', async (t) => {
    await using nsqd = await SilentNsqd.start()
    const { tool, running, logged } = await publishing(t, nsqd, { text: 'a\nb\n' }, 20)
    await assert.rejects(tool.close(), /nsqd did not answer within 0\.02 s/)
    assert.match(logged.join(''), / 2 records read and not known to be published\n/)
    assert.ok((await running) instanceof FatalError)
  })

  void test('counts what --rate holds back', async (t) => {
    await using nsqd = await SilentNsqd.start()
    const input = { text: 'a\nb\nc\n', rate: 1 }
    const { tool, running, logged } = await publishing(t, nsqd, input)
    const closing = tool.close()
    nsqd.ok()
    await closing
    assert.equal(await running, undefined)
    assert.match(logged.join(''), / 2 records read and not known to be published\n$/)
  })
})
