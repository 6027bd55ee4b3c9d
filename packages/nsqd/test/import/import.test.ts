import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import type { DecodedMessage } from '@tsq/protocol'

import { checkDataPath, importDataPath, type Nsqd } from '../../src/index.ts'
import {
  oldMessage,
  type OldMessage,
  oldRecord,
  oldRecords,
  type OldTopicEntry,
  writeMetadata,
  writeQueue,
} from '../support/old-data-path.ts'
import { startNsqd, temporaryFolder, WireClient } from '../support/running.ts'
import { waitUntil } from '../support/wait-until.ts'

const OPTIONS = { nodeId: 5, maxBytesPerFile: 2_048 }

function range(from: number, to: number, attempts = 0): OldMessage[] {
  return Array.from({ length: to - from }, (_, i) => oldMessage(from + i, attempts))
}

/** Names and contents of the files in a folder itself. */
function filesIn(folder: string): Map<string, string> {
  const files = fs.readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(
    files.map(({ name }) => [name, fs.readFileSync(path.join(folder, name), 'latin1')]),
  )
}

async function drain(
  t: TestContext,
  nsqd: Nsqd,
  topic: string,
  channel: string,
): Promise<DecodedMessage[]> {
  const client = await WireClient.connect(t, nsqd.tcpAddress)
  await client.subscribe(topic, channel, 2_500)
  const own = nsqd.topics.find(topic)!.channels.get(channel as never)!
  await waitUntil(() => own.stats().depth === 0, `${topic}/${channel} is empty`)
  const count = own.stats().inFlightCount
  await waitUntil(() => client.messages.length === count, 'the last message')
  for (const message of client.messages) client.finish(message)
  await waitUntil(() => own.stats().inFlightCount === 0, 'the FINs')
  client.close()
  await waitUntil(() => own.subscribers.length === 0, 'the end of the connection')
  return client.messages
}

function bodies(messages: readonly { readonly body: Buffer | string }[]): string[] {
  return messages.map(({ body }) => body.toString()).toSorted()
}

describe('an import from nsqd 1.x', () => {
  it('gives each channel what it owes, in the order of publishing, and the topic what it held', async (t) => {
    const dataPath = await temporaryFolder(t)
    writeMetadata(dataPath, [
      {
        name: 'Orders',
        channels: [{ name: 'billing' }, { name: 'audit', paused: true }, { name: 'idle' }],
      },
      { name: 'held', paused: true, channels: [{ name: 'c' }] },
      { name: 'lonely', channels: null },
    ])
    // billing has finished up to 30, audit up to 10 and some beyond: three messages nobody owes.
    const skipped = range(10, 60).filter((_, i) => i % 7 !== 3)
    writeQueue(dataPath, 'Orders:billing', { '000000.dat': oldRecords(range(30, 60)) })
    writeQueue(dataPath, 'Orders:audit', {
      '000000.dat': oldRecords(skipped.slice(0, 20)),
      '000001.dat': oldRecords(skipped.slice(20)),
    })
    writeQueue(dataPath, 'Orders', { '000000.dat': oldRecords(range(60, 75)) })
    writeQueue(dataPath, 'held', { '000000.dat': oldRecords(range(100, 105)) })
    writeQueue(dataPath, 'held:c', { '000000.dat': oldRecords(range(97, 100)) })
    writeQueue(dataPath, 'lonely', { '000000.dat': oldRecords(range(200, 203)) })
    const before = filesIn(dataPath)
    const report = await importDataPath(dataPath, OPTIONS)
    assert.deepEqual(filesIn(dataPath), before)
    assert.deepEqual(
      report!.topics.map(({ name, messages }) => [name, messages]),
      [
        ['Orders', 62],
        ['held', 8],
        ['lonely', 3],
      ],
    )
    assert.deepEqual(report!.topics[0]!.channels, [
      { name: 'billing', owed: 45 },
      { name: 'audit', owed: skipped.length + 15 },
      { name: 'idle', owed: 15 },
    ])
    assert.deepEqual((await checkDataPath(dataPath)).findings, [])

    const nsqd = await startNsqd(t, { dataPath })
    const orders = nsqd.topics.find('Orders')!
    assert.ok(orders.channels.get('audit' as never)!.isPaused)
    orders.channels.get('audit' as never)!.setPaused(false)
    const billing = await drain(t, nsqd, 'Orders', 'billing')
    assert.deepEqual(
      billing.map(({ body, timestampNs }) => [body.toString(), timestampNs]),
      range(30, 75).map(({ body, timestampNs }) => [body, timestampNs]),
    )
    const audit = await drain(t, nsqd, 'Orders', 'audit')
    assert.deepEqual(bodies(audit), bodies([...skipped, ...range(60, 75)]))
    assert.ok(audit.every(({ attempts }) => attempts === 1))
    assert.deepEqual(bodies(await drain(t, nsqd, 'Orders', 'idle')), bodies(range(60, 75)))
    const held = nsqd.topics.find('held')!
    assert.ok(held.isPaused)
    assert.equal(held.stats().depth, 5)
    assert.deepEqual(bodies(await drain(t, nsqd, 'held', 'c')), bodies(range(97, 100)))
    held.setPaused(false)
    assert.deepEqual(bodies(await drain(t, nsqd, 'held', 'c')), bodies(range(100, 105)))
    nsqd.topics.find('lonely')!.channel('first' as never)
    assert.deepEqual(bodies(await drain(t, nsqd, 'lonely', 'first')), bodies(range(200, 203)))
  })

  it('is done by a start, once, and attempts go on where they were', async (t) => {
    const dataPath = await temporaryFolder(t)
    writeMetadata(dataPath, [{ name: 't', channels: [{ name: 'a' }, { name: 'b' }] }])
    const redelivered = [oldMessage(3, 2), oldMessage(1, 1)]
    writeQueue(dataPath, 't:a', { '000000.dat': oldRecords([...range(5, 9), ...redelivered]) })
    writeQueue(dataPath, 't:b', { '000000.dat': oldRecords([oldMessage(3, 4)]) })
    const first = await startNsqd(t, { dataPath })
    const messages = await drain(t, first, 't', 'a')
    const attempts = new Map(messages.map((message) => [message.body.toString(), message.attempts]))
    const fresh = range(5, 9).map(({ body }) => [body, 1] as const)
    assert.deepEqual(attempts, new Map([['body 1', 2], ['body 3', 3], ...fresh]))
    assert.equal((await drain(t, first, 't', 'b'))[0]!.attempts, 5)
    await first.close()
    const second = await startNsqd(t, { dataPath })
    assert.equal(
      second.topics
        .find('t')!
        .channels.get('a' as never)!
        .stats().depth,
      0,
    )
  })

  it('begins where nsqd had read to, takes in files set aside, and files without meta', async (t) => {
    const dataPath = await temporaryFolder(t)
    writeMetadata(dataPath, [{ name: 't', channels: [{ name: 'c' }, { name: 'd' }] }])
    const readTo = oldRecords(range(10, 12)).length
    writeQueue(
      dataPath,
      't:c',
      {
        '000000.dat.bad': oldRecords(range(0, 3)),
        '000001.dat': oldRecords(range(5, 7)),
        '000002.dat': oldRecords(range(10, 15)),
        '000003.dat': oldRecords(range(15, 18)),
      },
      `6\n2,${readTo}\n3,10\n`,
    )
    writeQueue(dataPath, 't:d', { '000000.dat': oldRecords(range(20, 22)) }, null)
    writeQueue(dataPath, 'orphan:x', { '000000.dat': oldRecords(range(30, 31)) })
    await importDataPath(dataPath, OPTIONS)
    const nsqd = await startNsqd(t, { dataPath })
    assert.deepEqual(
      bodies(await drain(t, nsqd, 't', 'c')),
      bodies([...range(0, 3), ...range(12, 18)]),
    )
    assert.deepEqual(bodies(await drain(t, nsqd, 't', 'd')), bodies(range(20, 22)))
    assert.deepEqual(bodies(await drain(t, nsqd, 'orphan', 'x')), bodies(range(30, 31)))
  })

  it('steps over damage and says where it is', async (t) => {
    const dataPath = await temporaryFolder(t)
    writeMetadata(dataPath, [{ name: 't', channels: [{ name: 'c' }] }])
    const good = oldRecords(range(0, 10))
    const one = oldRecord(oldMessage(0)).length
    // A length too large for the file, a length that is wrong but fits, a zeroed stretch, a torn end.
    const content = Buffer.concat([good, oldRecord(oldMessage(10)).subarray(0, 20)])
    content.writeInt32BE(0x7fffffff, 2 * one)
    content.writeInt32BE(content.readInt32BE(5 * one) + 9, 5 * one)
    content.fill(0, 8 * one, 8 * one + 12)
    writeQueue(dataPath, 't:c', { '000000.dat': content })
    const report = await importDataPath(dataPath, OPTIONS)
    assert.deepEqual(
      report!.topics[0]!.unread.map(({ fromByte, toByte }) => [fromByte, toByte]),
      [
        [2 * one, 3 * one],
        [5 * one, 6 * one],
        [8 * one, 9 * one],
        [10 * one, 10 * one + 20],
      ],
    )
    const nsqd = await startNsqd(t, { dataPath })
    const left = range(0, 10).filter((_, i) => ![2, 5, 8].includes(i))
    assert.deepEqual(bodies(await drain(t, nsqd, 't', 'c')), bodies(left))
  })

  it('takes up an interrupted one where it was, and leaves topics of our own alone', async (t) => {
    const dataPath = await temporaryFolder(t)
    const entries: OldTopicEntry[] = ['a', 'b', 'c'].map((name) => ({
      name,
      channels: [{ name: 'ch' }],
    }))
    writeMetadata(dataPath, entries)
    for (const [i, { name }] of entries.entries()) {
      writeQueue(dataPath, `${name}:ch`, { '000000.dat': oldRecords(range(i * 10, i * 10 + 3)) })
    }
    await importDataPath(dataPath, OPTIONS)
    // As if it had been killed while it wrote b.
    const topics = path.join(dataPath, 'topics')
    fs.rmSync(path.join(topics, '.imported'))
    fs.renameSync(path.join(topics, 'b'), path.join(topics, '+new-b'))
    fs.rmSync(path.join(topics, 'c', 'imported.json'))
    const report = await importDataPath(dataPath, OPTIONS)
    assert.deepEqual(
      report!.topics.map(({ name, messages }) => [name, messages]),
      [
        ['a', 3],
        ['b', 3],
      ],
    )
    assert.deepEqual(report!.leftOut, ['topic c is there already: its old files are left alone'])
    assert.equal(await importDataPath(dataPath, OPTIONS), undefined)
    const nsqd = await startNsqd(t, { dataPath })
    assert.deepEqual(bodies(await drain(t, nsqd, 'b', 'ch')), bodies(range(10, 13)))
  })

  it('refuses metadata that it cannot read, without writing anything', async (t) => {
    const dataPath = await temporaryFolder(t)
    fs.writeFileSync(path.join(dataPath, 'nsqd.dat'), '')
    await assert.rejects(importDataPath(dataPath, OPTIONS), /failed to parse metadata in/)
    await assert.rejects(startNsqd(t, { dataPath }), /failed to parse metadata in/)
    assert.ok(!fs.existsSync(path.join(dataPath, 'topics')))
  })

  it('leaves out ephemeral queues and files with odd names, and says so', async (t) => {
    const dataPath = await temporaryFolder(t)
    writeMetadata(dataPath, [
      { name: 'x#ephemeral', channels: [] },
      { name: 'bad name', channels: null },
    ])
    writeQueue(dataPath, 'y#ephemeral:c', { '000000.dat': oldRecords(range(0, 1)) })
    writeQueue(dataPath, 'odd name', { '000000.dat': oldRecords(range(0, 1)) }, null)
    const report = await importDataPath(dataPath, OPTIONS)
    assert.deepEqual(report!.topics, [])
    assert.deepEqual(report!.leftOut, [
      'odd name.diskqueue.000000.dat belongs to no topic or channel',
      '"bad name" is no name of a topic',
      'the queue of channel y#ephemeral/c is of an ephemeral one',
    ])
  })
})
