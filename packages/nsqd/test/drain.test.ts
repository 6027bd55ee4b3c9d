import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'

import { post, startNsqd, temporaryFolder, WireClient } from './support/running.ts'
import { waitUntil } from './support/wait-until.ts'

const INDEX = pathToFileURL(path.resolve(import.meta.dirname, '../src/index.js')).href
const RUN = `import { main } from ${JSON.stringify(INDEX)}; await main(process.argv.slice(1))`

describe('a drain', () => {
  it('refuses publishes and goes on delivering until nothing is left', async (t) => {
    const nsqd = await startNsqd(t)
    let isDrained = false
    void nsqd.drained.then(() => (isDrained = true))
    const producer = await WireClient.connect(t, nsqd.tcpAddress)
    for (const body of ['a', 'b', 'c']) await producer.publish('t', body)
    await post(nsqd, '/pub?topic=t&defer=200', 'later')
    await post(nsqd, '/channel/create?topic=t&channel=c')
    assert.equal(nsqd.messagesLeft, 4)
    const answer = await fetch(`http://${nsqd.httpAddress}/drain`, { method: 'POST' })
    assert.deepEqual(await answer.json(), { draining: true, messages_left: 4 })
    assert.equal(await post(nsqd, '/pub?topic=t', 'x'), 503)
    assert.equal(await post(nsqd, '/pub?topic=new', 'x'), 503)
    assert.equal(await post(nsqd, '/topic/create?topic=new'), 503)
    assert.equal(nsqd.topics.find('new'), undefined)
    const ping = await fetch(`http://${nsqd.httpAddress}/ping`)
    assert.deepEqual([ping.status, await ping.text()], [503, 'NOK - draining'])
    assert.equal(await producer.publish('t', 'x'), 'E_PUB_FAILED PUB failed draining')
    const consumer = await WireClient.connect(t, nsqd.tcpAddress)
    await consumer.subscribe('t', 'c', 1)
    for (let left = 4; left > 0; left--) {
      assert.equal(isDrained, false)
      const [message] = await consumer.take(1)
      consumer.finish(message!)
    }
    await waitUntil(() => isDrained, 'the end')
    assert.equal(await post(nsqd, '/drain'), 200)
  })

  it('begins with SIGUSR1 and ends the process with code 0', async (t) => {
    const dataPath = await temporaryFolder(t)
    const flags = ['--tcp-address=127.0.0.1:0', '--http-address=127.0.0.1:0']
    const child = spawn(
      process.execPath,
      ['--input-type=module', '-e', RUN, '--', ...flags, `--data-path=${dataPath}`],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    t.after(() => child.kill('SIGKILL'))
    const exited = once(child, 'exit')
    const log: string[] = []
    createInterface({ input: child.stderr }).on('line', (line) => log.push(line))
    const addressOf = (kind: string): string | undefined =>
      log.map((line) => new RegExp(`${kind}: listening on (\\S+)`).exec(line)?.[1]).find(Boolean)
    await waitUntil(() => addressOf('HTTP') !== undefined, 'the start')
    const client = await WireClient.connect(t, addressOf('TCP')!)
    await client.publish('t', 'last')
    await client.subscribe('t', 'c', 1)
    const [message] = await client.take(1)
    child.kill('SIGUSR1')
    await waitUntil(
      () => log.some((line) => line.includes('DRAIN: refusing publishes, 1 messages left')),
      'DRAIN',
    )
    assert.equal(child.exitCode, null)
    client.finish(message!)
    const [code] = (await exited) as [number | null]
    assert.equal(code, 0, log.join('\n'))
    assert.ok(log.some((line) => line.includes('DRAIN: nothing is left')))
  })
})
