import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { getJson, post, runNsqd } from '../support/running-nsqd.ts'
import { V2Client } from '../support/v2-client.ts'

interface Peek {
  readonly messages: readonly { readonly body_base64: string; readonly client?: string }[]
}

async function peek(nsqd: Parameters<typeof getJson>[0], query: string): Promise<Peek> {
  return (await getJson(nsqd, `/peek?${query}`)) as Peek
}

void suite('GET /peek', () => {
  void test('shows messages of a channel, and who holds them', async (t) => {
    const nsqd = await runNsqd(t)
    await post(nsqd, '/topic/create?topic=t')
    await post(nsqd, '/channel/create?topic=t&channel=c')
    await post(nsqd, '/pub?topic=t', 'hello')
    const { messages } = await peek(nsqd, 'topic=t&channel=c')
    assert.deepEqual(
      messages.map((one) => Buffer.from(one.body_base64, 'base64').toString()),
      ['hello'],
    )
    await using client = await V2Client.connect(nsqd.tcpAddress)
    client.send('SUB t c\n', 'RDY 1\n')
    assert.equal(await client.next(), 'OK')
    assert.equal(await client.next(), 'message hello')
    assert.equal((await peek(nsqd, 'topic=t&channel=c')).messages.length, 0)
    const [held] = (await peek(nsqd, 'topic=t&channel=c&state=in_flight')).messages
    assert.match(held?.client ?? '', /127\.0\.0\.1:\d+/)
  })

  void test('says what is wrong with a question', async (t) => {
    const nsqd = await runNsqd(t)
    await post(nsqd, '/topic/create?topic=t')
    await post(nsqd, '/channel/create?topic=t&channel=c')
    const cases: [string, number, string][] = [
      ['', 400, 'MISSING_ARG_TOPIC'],
      ['topic=$', 400, 'INVALID_TOPIC'],
      ['topic=x', 404, 'TOPIC_NOT_FOUND'],
      ['topic=t', 400, 'MISSING_ARG_CHANNEL'],
      ['topic=t&channel=$', 400, 'INVALID_ARG_CHANNEL'],
      ['topic=t&channel=x', 404, 'CHANNEL_NOT_FOUND'],
      ['topic=t&channel=c&state=x', 400, 'INVALID_ARG_STATE'],
      ['topic=t&channel=c&limit=0', 400, 'INVALID_ARG_LIMIT'],
      ['topic=t&channel=c&limit=101', 400, 'INVALID_ARG_LIMIT'],
      ['topic=t&channel=c&max_bytes=-1', 400, 'INVALID_ARG_MAX_BYTES'],
    ]
    for (const [query, status, message] of cases) {
      const response = await fetch(`http://${nsqd.httpAddress}/peek?${query}`)
      assert.deepEqual([response.status, await response.json()], [status, { message }], query)
    }
  })
})
