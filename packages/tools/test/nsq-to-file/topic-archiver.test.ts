import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { suite, test, type TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'

import type { ConsumerEvents, Message, MessageHandler } from '@tsq/client'
import { silentLogger, withDefaults } from '@tsq/daemon'
import { TempFolder, until } from '@tsq/testing'

import { ArchiveFolder } from '../../src/nsq-to-file/archive-folder.ts'
import { FileNames } from '../../src/nsq-to-file/file-name.ts'
import { nsqToFileOptions } from '../../src/nsq-to-file/options.ts'
import { type MessageSource, TopicArchiver } from '../../src/nsq-to-file/topic-archiver.ts'

/** Hands out messages, and notes which are finished. */
class FakeSource extends EventEmitter<ConsumerEvents> implements MessageSource {
  isStarved = false
  readonly finished: string[] = []
  #handler: MessageHandler = () => undefined

  run(handler: MessageHandler): void {
    this.#handler = handler
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  send(...bodies: readonly string[]): void {
    for (const body of bodies) {
      const message = {
        body: Buffer.from(body),
        disableAutoResponse: () => undefined,
        finish: () => this.finished.push(body),
      }
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the archiver uses of one
      void this.#handler(message as unknown as Message)
    }
  }
}

/** Lets a test decide what becomes of every datasync. */
async function interceptSync(t: TestContext, sync: () => Promise<void>): Promise<void> {
  const probe = await open(import.meta.filename)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the class behind every handle
  const prototype = Object.getPrototypeOf(probe) as FileHandle
  await probe.close()
  t.mock.method(prototype, 'datasync', sync)
}

interface Bench extends Disposable {
  readonly source: FakeSource
  readonly archiver: TopicArchiver
  readonly failures: unknown[]
  readonly output: TempFolder
}

function start(options: { gzip?: boolean; maxInFlight?: number } = {}): Bench {
  const output = new TempFolder('archiver')
  const { gzip = false, maxInFlight = 100 } = options
  const settings = withDefaults(nsqToFileOptions, {
    gzip,
    maxInFlight,
    outputDir: output.path,
    filenameFormat: gzip ? 'out<REV>' : 'out',
    syncIntervalMs: 3_600_000,
  })
  const shared = { logger: silentLogger(), subject: '' }
  const folder = new ArchiveFolder({
    ...shared,
    workDir: output.path,
    outputDir: output.path,
    isExclusive: gzip,
    rotateSize: 0,
    compression: gzip ? 'gzip' : 'none',
    gzipLevel: 6,
  })
  const source = new FakeSource()
  const failures: unknown[] = []
  const archiver = new TopicArchiver(source, new FileNames('t', settings), folder, {
    ...shared,
    ...settings,
    onFatal: (error) => failures.push(error),
  })
  archiver.start()
  return { source, archiver, failures, output, [Symbol.dispose]: () => output[Symbol.dispose]() }
}

void suite('one topic being archived', () => {
  void test('nothing is finished before it is synced', async (t) => {
    let release: (() => void) | undefined
    let syncs = 0
    await interceptSync(t, () => {
      syncs += 1
      return new Promise((resolve) => {
        release = resolve
      })
    })
    using bench = start()
    const { source, output } = bench
    // The first message opens a file, which asks for a sync.
    source.send('one')
    await until('the first sync begins', () => syncs === 1)
    assert.equal(readFileSync(output.at('out'), 'utf8'), 'one\n')
    assert.deepEqual(source.finished, [])
    source.send('two', 'three')
    release?.()
    await until('the first is finished', () => source.finished.length > 0)
    assert.deepEqual(source.finished, ['one'])
    source.isStarved = true
    source.send('four')
    await until('a starved consumer makes it sync', () => syncs === 2)
    assert.deepEqual(source.finished, ['one'])
    release?.()
    await until('all are finished', () => source.finished.length === 4)
    t.mock.restoreAll()
    await bench.archiver.close()
  })

  void test('a failed sync finishes nothing, then or later', async (t) => {
    await interceptSync(t, () => Promise.reject(new Error('EIO: the disk is gone')))
    using bench = start()
    bench.source.send('one', 'two')
    await until('the failure is told', () => bench.failures.length > 0)
    bench.source.send('three')
    await bench.archiver.close()
    assert.deepEqual(bench.source.finished, [])
    assert.match(String(bench.failures[0]), /the disk is gone/)
  })

  void test('a full hand is synced', async () => {
    using bench = start({ maxInFlight: 3 })
    const { source, archiver } = bench
    source.send('1', '2', '3', '4', '5', '6')
    await until('four are finished', () => source.finished.length === 4)
    await archiver.close()
    assert.equal(source.finished.length, 6)
  })

  void test('bodies larger than a block are whole, compressed or not', async () => {
    const bodies = ['small', 'x'.repeat(3_000_000), 'y'.repeat(70_000), 'end']
    for (const gzip of [false, true]) {
      using bench = start({ gzip })
      bench.source.send(...bodies)
      await bench.archiver.close()
      const [name = ''] = readdirSync(bench.output.path)
      const bytes = readFileSync(bench.output.at(name))
      const text = (gzip ? gunzipSync(bytes) : bytes).toString()
      assert.ok(text === `${bodies.join('\n')}\n`)
      assert.equal(bench.source.finished.length, bodies.length)
    }
  })

  void test('a hang-up with nothing open does nothing', async () => {
    using bench = start()
    bench.archiver.hangUp()
    await bench.archiver.close()
    assert.deepEqual(readdirSync(bench.output.path), [])
    assert.deepEqual(bench.failures, [])
  })
})
