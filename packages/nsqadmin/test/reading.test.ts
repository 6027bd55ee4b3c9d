import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { watched } from './support/admin.ts'
import { topicName } from './support/fake-cluster.ts'

const PEEK = `GET /api/peek?topic=${topicName(0)}&channel=channel-0`

void suite('what is read of a cluster', () => {
  void test('a look at messages that ended early says so', async (t) => {
    const { cluster, admin } = await watched(t)
    assert.equal((await admin.ask(PEEK)).json['message'], '')
    cluster.peeked = { messages: [], complete: false }
    const { message, messages } = (await admin.ask(PEEK)).json
    assert.deepEqual(messages, [])
    assert.match(String(message), /^WARNING: the look at 127\.0\.0\.1:\d+ ended early/)
  })

  void test('every topic without a node is told, whatever it is called', async (t) => {
    const { cluster, admin } = await watched(t)
    cluster.leftOver = ['ghost', '__proto__']
    const { text } = await admin.ask('GET /api/topics?inactive=true')
    assert.equal(text, '{"topics":{"__proto__":null,"ghost":null},"message":""}')
  })
})
