import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import { checkDataPath, type DataPathReport, describeDataPath, Nsqd } from '../../src/index.ts'
import { post, startNsqd, temporaryFolder, WireClient } from '../support/running.ts'
import { waitUntil } from '../support/wait-until.ts'

const MESSAGES = 40

/** A data path with a topic of several segments and a channel that owes most of it. */
async function writeDataPath(t: TestContext): Promise<string> {
  const dataPath = await temporaryFolder(t)
  const nsqd = await startNsqd(t, { dataPath, maxBytesPerFile: 4_096 })
  await post(nsqd, '/topic/create?topic=none')
  await post(nsqd, '/topic/create?topic=Orders')
  await post(nsqd, '/channel/create?topic=Orders&channel=billing')
  await post(nsqd, '/channel/create?topic=Orders&channel=audit')
  for (let i = 0; i < MESSAGES; i++) await post(nsqd, '/pub?topic=Orders', 'x'.repeat(500))
  await post(nsqd, '/pub?topic=Orders&defer=3600000', 'later')
  await post(nsqd, '/channel/pause?topic=Orders&channel=audit')
  const client = await WireClient.connect(t, nsqd.tcpAddress)
  await client.subscribe('Orders', 'billing', 10)
  const taken = await client.take(10)
  // The first stays unfinished, so that its segment stays.
  for (const message of taken.slice(1)) client.finish(message)
  client.send('RDY 0\n')
  const billing = nsqd.topics.find('Orders')!.channels.get('billing' as never)!
  await waitUntil(() => billing.stats().inFlightCount <= 10, 'the FINs')
  client.close()
  await waitUntil(() => billing.subscribers.length === 0, 'the end of the connection')
  await nsqd.close()
  return dataPath
}

function folderOf(dataPath: string): string {
  return path.join(dataPath, 'topics', '%4frders')
}

function segmentsOf(dataPath: string): string[] {
  const names = fs.readdirSync(folderOf(dataPath)).filter((name) => name.endsWith('.log'))
  return names.toSorted().map((name) => path.join(folderOf(dataPath), name))
}

/** Everything under a folder but sockets, as one hash. */
function fingerprint(folder: string): string {
  const hash = createHash('sha256')
  for (const name of fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()) {
    const file = path.join(folder, name)
    if (!fs.statSync(file).isFile()) continue
    hash.update(name).update(fs.readFileSync(file))
  }
  return hash.digest('hex')
}

function flipByte(file: string, at: number): void {
  const content = fs.readFileSync(file)
  content[at]! ^= 0xff
  fs.writeFileSync(file, content)
}

/** The problems that a check tells, which must change nothing. */
async function problemsOf(dataPath: string): Promise<string[]> {
  const before = fingerprint(dataPath)
  const { findings } = await checkDataPath(dataPath)
  assert.equal(fingerprint(dataPath), before)
  return findings
    .filter(({ severity }) => severity === 'problem')
    .map(({ where, text }) => `${path.basename(where)} ${text}`)
}

describe('a check of a data path', () => {
  it('finds nothing where an nsqd stopped in order, and counts', async (t) => {
    const dataPath = await writeDataPath(t)
    assert.deepEqual(await problemsOf(dataPath), [])
    const seen: number[] = []
    const report: DataPathReport = await checkDataPath(dataPath, ({ doneBytes }) =>
      seen.push(doneBytes),
    )
    assert.deepEqual(report.findings, [])
    assert.equal(report.isMarkedRunning, false)
    assert.equal(report.messages, MESSAGES + 1)
    const [orders, none] = report.topics
    assert.equal(none!.messages, 0)
    assert.equal(orders!.name, 'Orders')
    assert.ok(orders!.segments > 3)
    assert.equal(seen.at(-1), report.bytes)
    const [audit, billing] = orders!.channels
    assert.deepEqual(
      { name: audit!.name, isPaused: audit!.isPaused, owed: audit!.owed },
      { name: 'audit', isPaused: true, owed: MESSAGES + 1 },
    )
    assert.equal(billing!.deferred, 1)
    const nsqd = await Nsqd.start({ dataPath, tcpAddress: '127.0.0.1:0', httpAddress: '' })
    const stats = nsqd.topics
      .find('Orders')!
      .channels.get('billing' as never)!
      .stats()
    await nsqd.close()
    assert.equal(billing!.owed, stats.depth + stats.deferredCount)
    assert.deepEqual((await describeDataPath(dataPath)).topics[0], report.topics[0])
  })

  it('tells a damaged batch, and that a start steps over it', async (t) => {
    const dataPath = await writeDataPath(t)
    const [first, second] = segmentsOf(dataPath)
    flipByte(second!, 100)
    flipByte(first!, fs.statSync(first!).size - 1)
    const problems = await problemsOf(dataPath)
    assert.equal(problems.length, 3)
    assert.match(problems[0]!, /\.log bytes \d+-\d+ hold no readable batch: a start skips them/)
    assert.match(problems[1]!, /\.index does not say what the segment holds/)
    assert.match(problems[2]!, /\.log bytes 0-\d+ hold no readable batch: a start skips them/)
  })

  it('tells a torn tail, and that a start cuts it off', async (t) => {
    const dataPath = await writeDataPath(t)
    const last = segmentsOf(dataPath).at(-1)!
    fs.truncateSync(last, fs.statSync(last).size - 1)
    const problems = await problemsOf(dataPath)
    assert.match(problems[0]!, /hold no readable batch: a start cuts them off/)
  })

  it('takes a torn tail as it may be after a kill', async (t) => {
    const dataPath = await writeDataPath(t)
    const last = segmentsOf(dataPath).at(-1)!
    fs.truncateSync(last, fs.statSync(last).size - 1)
    fs.rmSync(last.replace(/log$/, 'index'), { force: true })
    fs.writeFileSync(path.join(dataPath, 'topics', '.running'), '')
    const { findings } = await checkDataPath(dataPath)
    const torn = findings.find(({ text }) => text.endsWith('a start cuts them off'))
    assert.equal(torn?.severity, 'note')
  })

  it('tells a folder that is no data path', async (t) => {
    const folder = await temporaryFolder(t)
    const message = /is no data path of nsqd: there is no folder topics in it$/
    await assert.rejects(checkDataPath(folder), { message })
    await assert.rejects(describeDataPath(folder), { message })
    await (await startNsqd(t, { dataPath: folder })).close()
    assert.deepEqual((await checkDataPath(folder)).topics, [])
  })

  it('tells damaged states and checkpoints', async (t) => {
    const dataPath = await writeDataPath(t)
    fs.writeFileSync(path.join(folderOf(dataPath), 'topic.json'), '{')
    flipByte(path.join(folderOf(dataPath), 'billing.channel'), 20)
    const problems = await problemsOf(dataPath)
    assert.ok(problems.includes('topic.json is damaged: a start leaves the topic unpaused'))
    assert.ok(
      problems.includes(
        'channel billing has a damaged checkpoint: a start begins at the oldest message',
      ),
    )
  })

  it('tells messages that are owed and in no segment', async (t) => {
    const dataPath = await writeDataPath(t)
    fs.rmSync(segmentsOf(dataPath)[0]!)
    const problems = await problemsOf(dataPath)
    assert.ok(
      problems.some((problem) => /^channel billing owes \d+ messages that are in/.test(problem)),
    )
  })

  it('notes what a start tidies up', async (t) => {
    const dataPath = await writeDataPath(t)
    fs.mkdirSync(path.join(dataPath, 'topics', '+new-x'))
    fs.writeFileSync(path.join(dataPath, 'topics', '.running'), '1\n')
    const { findings, isMarkedRunning } = await checkDataPath(dataPath)
    assert.equal(isMarkedRunning, true)
    assert.deepEqual(
      findings.map(({ severity, where }) => [severity, where]),
      [
        ['note', 'topics/.running'],
        ['note', 'topics/+new-x'],
      ],
    )
  })

  it('refuses while an nsqd runs there', async (t) => {
    const nsqd = await startNsqd(t)
    await assert.rejects(checkDataPath(nsqd.options.dataPath), /is in use by another instance/)
    assert.equal((await describeDataPath(nsqd.options.dataPath)).isMarkedRunning, true)
  })
})
