// From which nodes a tail is taken, and when it ends.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { suite, test, type TestContext } from 'node:test'
import type { AddressInfo } from 'node:net'

import type { NodeInfo, TopicStats } from '@tsq/clusterinfo'
import { until } from '@tsq/testing'

import { hashPassword } from '../src/auth/password.ts'
import { EventStreams, type Viewer } from '../src/http/event-stream.ts'
import { tailableNodes } from '../src/http/tail-routes.ts'
import { watched } from './support/admin.ts'
import { SMALL, topicName } from './support/fake-cluster.ts'

const TOPIC = topicName(0)
const TAIL = `/api/tail?topic=${encodeURIComponent(TOPIC)}`

function node(host: string): NodeInfo {
  return { broadcast_address: host, http_port: 1, tcp_port: 2 } as NodeInfo
}

function stats(host: string, channels: number): TopicStats {
  const list = Array.from({ length: channels }, () => ({}))
  return { node: `${host}:1`, topic_name: 't', channels: list } as unknown as TopicStats
}

void suite('a tail', () => {
  void test('is taken only where a channel was seen', () => {
    const nodes = [node('a'), node('b')]
    const chosen = tailableNodes('t', nodes, [stats('b', 1)])
    assert.deepEqual(chosen, { safe: [nodes[1]], unchecked: [nodes[0]] })
    const refused = { status: 409 }
    assert.throws(() => tailableNodes('t', nodes, [stats('a', 1), stats('b', 0)]), refused)
    assert.throws(() => tailableNodes('t', nodes, []), refused, 'no node has it any more')
  })

  void test('leaves out a node whose statistics failed, says so, and is written down', async (t) => {
    const { cluster, admin } = await watched(t)
    const bad = cluster.nodeAddresses[0]!
    cluster.setMood(0, 'refusing')
    const response = await fetch(admin.url + TAIL)
    assert.equal(response.status, 200)
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes('event: problem')) text += (await reader.read()).value ?? ''
    assert.ok(text.includes(`${bad} did not say`), text)
    await reader.cancel()
    const { entries } = (await admin.ask('GET /api/audit')).json as {
      entries: { action: string; topic: string }[]
    }
    assert.deepEqual(
      entries.map((entry) => [entry.action, entry.topic]),
      [['tail', TOPIC]],
    )
  })

  void test('is refused where a topic has no channel', async (t) => {
    const { admin } = await watched(t, {}, { ...SMALL, channelsPerTopic: 0 })
    assert.equal((await admin.ask(`GET ${TAIL}`)).status, 409)
  })

  void test('ends with the login, and so do events', async (t) => {
    const users = [`ann:admin:${await hashPassword('correct horse')}`]
    const { admin } = await watched(t, { users, sampleIntervalMs: 1_000 })
    const login = { user: 'ann', password: 'correct horse' }
    const { headers } = await admin.ask('POST /api/login', login)
    const cookie = (headers.get('set-cookie') ?? '').split(';')[0]!
    const { json } = await admin.ask('GET /api/session', undefined, { cookie })
    const tail = await fetch(admin.url + TAIL, { headers: { cookie } })
    const events = await fetch(`${admin.url}/api/events`, { headers: { cookie } })
    assert.deepEqual([tail.status, events.status], [200, 200])
    const both = [tail.text(), events.text()]
    await until('both to begin', () => admin.admin.tails.count + admin.admin.streams.count === 2)
    const out = { cookie, 'x-csrf-token': String(json['csrf_token']) }
    assert.equal((await admin.ask('POST /api/logout', {}, out)).status, 200)
    await Promise.all(both)
  })
})

void suite('a stream of events', () => {
  void test('says that its viewer is busy, but what was taken was sent', async (t) => {
    const streams = new EventStreams(1)
    t.after(() => streams.close())
    let viewer: Viewer | undefined
    const url = await serving(t, (_request, response) => {
      streams
        .stream((one) => {
          viewer = one
          return () => undefined
        })
        .begin(response)
    })
    const response = await fetch(url)
    await until('the viewer', () => viewer !== undefined)
    assert.equal(viewer!.isBusy, false)
    assert.equal(viewer!.send('message', 'x'.repeat(500_000)), true, 'it will be shown')
    assert.equal(viewer!.isBusy, true)
    await response.body!.cancel()
    await until('the viewer to be let go', () => streams.count === 0)
    assert.equal(viewer!.send('message', 'x'), false)
  })
})

async function serving(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server: Server = createServer(answer)
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
