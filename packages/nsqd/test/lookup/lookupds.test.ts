import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import os from 'node:os'
import { suite, test } from 'node:test'

import type { Nsqd } from '../../src/nsqd.ts'
import { FakeNsqlookupd, framed } from '../support/fake-nsqlookupd.ts'
import { post, withNsqd } from '../support/running-nsqd.ts'
import { V2Client } from '../support/v2-client.ts'
import { waitUntil } from '../support/wait-until.ts'

/** Everything else that an nsqlookupd was sent is the same at every connection. */
function registrations(lookupd: FakeNsqlookupd): string[] {
  return lookupd.received.filter((command) => /^(UN)?REGISTER/.test(command))
}

function isIdentified(lookupd: FakeNsqlookupd): boolean {
  return lookupd.received.some((command) => command.startsWith('IDENTIFY'))
}

async function withLookupds(
  count: number,
  run: (nsqd: Nsqd, ...lookupds: FakeNsqlookupd[]) => Promise<void>,
  httpClientRequestTimeoutMs = 5_000,
): Promise<void> {
  const lookupds = await Promise.all(Array.from({ length: count }, () => FakeNsqlookupd.start()))
  try {
    const nsqlookupdTcpAddresses = lookupds.map(({ address }) => address)
    await withNsqd({ nsqlookupdTcpAddresses, httpClientRequestTimeoutMs }, async (nsqd) => {
      await waitUntil(() => lookupds.every(isIdentified))
      await run(nsqd, ...lookupds)
    })
  } finally {
    for (const lookupd of lookupds) await lookupd[Symbol.asyncDispose]()
  }
}

/** Publishes by TCP and waits for OK. */
async function publish(nsqd: Nsqd, topic: string, body: string): Promise<void> {
  await using client = await V2Client.connect(nsqd.tcpAddress)
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  client.send(`PUB ${topic}\n`, size, body)
  assert.equal(await client.next(), 'OK')
}

function depths(nsqd: Nsqd, topicName: string): Record<string, number> {
  const topic = nsqd.topics.find(topicName)
  assert.ok(topic)
  const channels = [...topic.channels.values()].map(
    (channel) => [channel.name as string, channel.stats().depth] as const,
  )
  return { '': topic.stats().depth, ...Object.fromEntries(channels) }
}

void suite('nsqd and its nsqlookupds', () => {
  void test('says who it is', () =>
    withLookupds(1, async (nsqd, lookupd) => {
      assert.equal(
        lookupd.received[1],
        `IDENTIFY {"broadcast_address":"node1","hostname":${JSON.stringify(os.hostname())},` +
          `"http_port":${nsqd.httpPort},"tcp_port":${nsqd.tcpPort},` +
          '"topology_region":"","topology_zone":"","version":"1.3.0"}',
      )
    }))

  void test('tells of broadcast ports where they are set', async () => {
    await using lookupd = await FakeNsqlookupd.start()
    const options = {
      nsqlookupdTcpAddresses: [lookupd.address],
      broadcastTcpPort: 44,
      broadcastHttpPort: 55,
    }
    await withNsqd(options, async () => {
      await waitUntil(() => isIdentified(lookupd))
      assert.match(lookupd.received[1]!, /"http_port":55,"tcp_port":44,/)
    })
  })

  void test('tells all of them what comes and goes', () =>
    withLookupds(2, async (nsqd, one, two) => {
      await post(nsqd, '/topic/create?topic=orders')
      await post(nsqd, '/channel/create?topic=orders&channel=a')
      await post(nsqd, '/channel/create?topic=orders&channel=b')
      await post(nsqd, '/channel/delete?topic=orders&channel=a')
      await post(nsqd, '/topic/delete?topic=orders')
      for (const lookupd of [one, two]) {
        await waitUntil(() => registrations(lookupd).length === 6)
        assert.deepEqual(registrations(lookupd), [
          'REGISTER orders',
          'REGISTER orders a',
          'REGISTER orders b',
          'UNREGISTER orders a',
          'UNREGISTER orders b',
          'UNREGISTER orders',
        ])
      }
    }))

  void test('tells of ephemeral ones that go with their consumer', () =>
    withLookupds(1, async (nsqd, lookupd) => {
      const client = await V2Client.connect(nsqd.tcpAddress)
      client.send('SUB t#ephemeral c#ephemeral\n')
      assert.equal(await client.next(), 'OK')
      await client[Symbol.asyncDispose]()
      await waitUntil(() => registrations(lookupd).length === 4)
      assert.deepEqual(registrations(lookupd), [
        'REGISTER t#ephemeral',
        'REGISTER t#ephemeral c#ephemeral',
        'UNREGISTER t#ephemeral c#ephemeral',
        'UNREGISTER t#ephemeral',
      ])
    }))

  void test('registers what is there with one that comes back', () =>
    withLookupds(1, async (nsqd, lookupd) => {
      await post(nsqd, '/topic/create?topic=empty')
      await post(nsqd, '/topic/create?topic=orders')
      await post(nsqd, '/channel/create?topic=orders&channel=a')
      await waitUntil(() => registrations(lookupd).length === 3)
      lookupd.received.length = 0
      lookupd.dropConnections()
      await waitUntil(() => registrations(lookupd).length === 2)
      assert.deepEqual(registrations(lookupd), ['REGISTER empty', 'REGISTER orders a'])
    }))

  void test('is not kept from telling one by another that is stuck', () =>
    withLookupds(2, async (nsqd, stuck, good) => {
      stuck.answer = () => undefined
      for (let i = 0; i < 20; i++) await post(nsqd, `/topic/create?topic=t${i}`)
      await waitUntil(() => registrations(good).length === 20)
      assert.ok(registrations(stuck).length >= 1)
    }))

  void test('does not tell one that is no longer configured', () =>
    withLookupds(2, async (nsqd, one, two) => {
      nsqd.lookupds.addresses = [two.address]
      await waitUntil(() => one.sockets.size === 0)
      await post(nsqd, '/topic/create?topic=orders')
      await waitUntil(() => registrations(two).length === 1)
      assert.deepEqual(registrations(one), [])
      nsqd.lookupds.addresses = [one.address, one.address]
      await waitUntil(() => registrations(one).length === 1)
      assert.equal(one.sockets.size, 1)
    }))
})

void suite('channels that a new topic has elsewhere', () => {
  void test('get its first message, however it is made', () =>
    withLookupds(2, async (nsqd, one, two) => {
      one.channels = { orders: ['a', 'b', 'c#ephemeral', 'no name', ''] }
      two.channels = { orders: ['b', 'd'] }
      await publish(nsqd, 'orders', 'first')
      await waitUntil(() => nsqd.topics.find('orders')?.stats().depth === 0)
      assert.deepEqual(depths(nsqd, 'orders'), { '': 0, a: 1, b: 1, d: 1 })
      assert.equal(one.asked[0]?.url, '/channels?topic=orders')
      assert.equal(one.asked[0]?.headers.accept, 'application/vnd.nsq; version=1.0')
    }))

  void test('are not asked for again when the topic is known', () =>
    withLookupds(1, async (nsqd, lookupd) => {
      await publish(nsqd, 'orders', 'first')
      await publish(nsqd, 'orders', 'second')
      await waitUntil(() => lookupd.asked.length > 0)
      assert.equal(lookupd.asked.length, 1)
    }))

  void test('ask with the name escaped', () =>
    withLookupds(1, async (nsqd, lookupd) => {
      await publish(nsqd, 'orders#ephemeral', 'first')
      await waitUntil(() => lookupd.asked.length > 0)
      assert.equal(lookupd.asked[0]?.url, '/channels?topic=orders%23ephemeral')
    }))

  void test('delay no publish while an nsqlookupd is stuck, and its messages for no longer than allowed', () =>
    withLookupds(
      2,
      async (nsqd, stuck, good) => {
        stuck.onHttp = () => undefined
        good.channels = { orders: ['a', 'b'] }
        const started = performance.now()
        await publish(nsqd, 'orders', 'first')
        assert.ok(performance.now() - started < 300, 'the publish is acknowledged at once')
        await using consumer = await V2Client.connect(nsqd.tcpAddress)
        consumer.send('SUB orders mine\nRDY 1\n')
        assert.equal(await consumer.next(), 'OK')
        assert.equal(await consumer.next(), 'message first')
        assert.ok(performance.now() - started >= 390)
        assert.deepEqual(depths(nsqd, 'orders'), { '': 0, a: 1, b: 1, mine: 0 })
      },
      400,
    ))

  const bad: [what: string, onHttp: NonNullable<FakeNsqlookupd['onHttp']>][] = [
    ['an error', (_, response) => response.writeHead(500).end('no')],
    ['garbage', (_, response) => response.end('{"channels":')],
    ['another shape', (_, response) => response.end('{"channels":{"a":1}}')],
    ['nothing and closes', (_, response) => response.socket?.destroy()],
    [
      'half of it and closes',
      (_, response) => {
        response.write('{"channels":["a"')
        setTimeout(() => response.socket?.destroy(), 20)
      },
    ],
    [
      'without an end',
      (_, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write('["a",'.repeat(10_000)));
          if (!response.destroyed) response.once('drain', more)
        }
        more()
      },
    ],
  ]
  for (const [what, onHttp] of bad) {
    void test(`are made from what others know when one answers ${what}`, () =>
      withLookupds(2, async (nsqd, broken, good) => {
        broken.onHttp = onHttp
        good.channels = { orders: ['a'] }
        await publish(nsqd, 'orders', 'first')
        await waitUntil(() => nsqd.topics.find('orders')?.stats().depth === 0)
        assert.deepEqual(depths(nsqd, 'orders'), { '': 0, a: 1 })
      }))
  }

  void test('are not asked for where an nsqlookupd has no broadcast address', async () => {
    await using lookupd = await FakeNsqlookupd.start()
    lookupd.broadcastAddress = ''
    await withNsqd({ nsqlookupdTcpAddresses: [lookupd.address] }, async (nsqd) => {
      await waitUntil(() => isIdentified(lookupd))
      await publish(nsqd, 'orders', 'first')
      await waitUntil(() => registrations(lookupd).length === 1)
      assert.equal(lookupd.asked.length, 0)
    })
  })

  void test('are known to a topic made before the first connection stands', async () => {
    await using lookupd = await FakeNsqlookupd.start()
    lookupd.channels = { orders: ['a', 'b'] }
    let identify: (() => void) | undefined
    lookupd.answer = (command) => {
      if (!command.startsWith('IDENTIFY')) return framed('OK')
      identify = () => [...lookupd.sockets][0]?.write(framed(lookupd.info))
      return undefined
    }
    await withNsqd({ nsqlookupdTcpAddresses: [lookupd.address] }, async (nsqd) => {
      await publish(nsqd, 'orders', 'first')
      await waitUntil(() => isIdentified(lookupd))
      assert.deepEqual(depths(nsqd, 'orders'), { '': 1 })
      identify?.()
      await waitUntil(() => nsqd.topics.find('orders')?.stats().depth === 0)
      assert.deepEqual(depths(nsqd, 'orders'), { '': 0, a: 1, b: 1 })
    })
  })

  void test('are not waited for while no nsqlookupd can be reached', async () => {
    const closed = createServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', () => resolve()))
    const bound = closed.address()
    const port = typeof bound === 'object' ? bound?.port : 0
    await new Promise((resolve) => closed.close(resolve))
    await withNsqd({ nsqlookupdTcpAddresses: [`127.0.0.1:${port}`] }, async (nsqd) => {
      await publish(nsqd, 'orders', 'first')
      await using consumer = await V2Client.connect(nsqd.tcpAddress)
      consumer.send('SUB orders mine\nRDY 1\n')
      assert.equal(await consumer.next(), 'OK')
      assert.equal(await consumer.next(), 'message first')
    })
  })

  void test('do not outlive the topic they were asked for', () =>
    withLookupds(1, async (nsqd, lookupd) => {
      let answer: (() => void) | undefined
      lookupd.onHttp = (_, response) => {
        answer = () => response.end('{"channels":["a"]}')
      }
      await publish(nsqd, 'orders', 'first')
      await waitUntil(() => lookupd.asked.length === 1)
      await post(nsqd, '/topic/delete?topic=orders')
      answer?.()
      await waitUntil(() => registrations(lookupd).length === 2)
      assert.deepEqual(registrations(lookupd), ['REGISTER orders', 'UNREGISTER orders'])
      assert.equal(nsqd.topics.find('orders'), undefined)
    }))
})
