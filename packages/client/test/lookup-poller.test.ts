import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { LookupError } from '../src/errors.ts'
import { lookUpTopic, parseLookupdAddress, type LookupTarget } from '../src/lookup.ts'
import { LookupPoller } from '../src/lookup-poller.ts'
import { TEST_CERT, TEST_KEY } from '@tsq/testing'

/** A poller over nsqlookupd that answer as `answers` says, by address or, without one, by host. */
function makePoller(lookupds: readonly string[]) {
  const answers: Record<string, string[] | Error> = {}
  const records: Record<string, string[]> = {}
  const told: string[][] = []
  const errors: string[] = []
  const asked: string[] = []
  const poller = new LookupPoller(
    lookupds.map((text) => parseLookupdAddress(text)),
    {
      intervalMs: 60_000,
      jitter: 0,
      filter: undefined,
      ask: ({ url, ip }: LookupTarget) => {
        const key = ip ?? url.hostname
        asked.push(key)
        const answer = answers[key] ?? new LookupError('silent', { address: key })
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
      },
      onNodes: (addresses) => told.push(addresses),
      onError: (error) => errors.push(error.message),
      resolve: (host) => {
        const found = records[host]
        return found === undefined
          ? Promise.reject(new Error(`ENOTFOUND ${host}`))
          : Promise.resolve(found)
      },
    },
  )
  return { poller, answers, records, told, errors, asked }
}

function unknownTopic(): LookupError {
  return new LookupError('404', { address: '', status: 404 })
}

void test('an nsqlookupd that fails takes nothing away from what it said before', async () => {
  const { poller, answers, told, errors } = makePoller(['10.0.0.1:4161', '10.0.0.2:4161'])
  answers['10.0.0.1'] = ['a:1', 'b:1']
  answers['10.0.0.2'] = ['b:1', 'c:1']
  await poller.poll()
  answers['10.0.0.1'] = new LookupError('timeout', { address: '' })
  answers['10.0.0.2'] = new LookupError('500', { address: '', status: 500 })
  await poller.poll()
  await poller.poll()
  const all = ['a:1', 'b:1', 'c:1']
  assert.deepEqual(told, [all, all, all])
  assert.equal(errors.length, 4)
  answers['10.0.0.1'] = unknownTopic()
  await poller.poll()
  assert.deepEqual(told.at(-1), ['b:1', 'c:1'], 'an answer that it knows nothing does')
})

void test('a name with addresses of both families stands for those of IPv4', async () => {
  const { poller, records, asked } = makePoller(['lookup.example:4161', 'six.example:4161'])
  records['lookup.example'] = ['fd00::1', '10.0.0.1']
  records['six.example'] = ['fd00::2', 'fd00::3']
  await poller.poll()
  assert.deepEqual(asked.toSorted(), ['10.0.0.1', 'fd00::2', 'fd00::3'])
})

void test('a name that moves to an address which does not answer yet forgets nothing', async () => {
  const { poller, answers, records, told } = makePoller(['lookup.example:4161'])
  records['lookup.example'] = ['10.0.0.1']
  answers['10.0.0.1'] = ['a:1']
  await poller.poll()
  records['lookup.example'] = ['10.0.0.2']
  await poller.poll()
  assert.deepEqual(told, [['a:1'], ['a:1']])
  answers['10.0.0.2'] = unknownTopic()
  await poller.poll()
  assert.deepEqual(told.at(-1), [], 'an answer that it knows nothing does')
})

void test('every nsqlookupd behind a name is asked, and its answer goes with its record', async () => {
  const { poller, answers, records, told, asked } = makePoller(['lookup.example:4161'])
  records['lookup.example'] = ['10.0.0.1', '10.0.0.2']
  answers['10.0.0.1'] = ['a:1']
  answers['10.0.0.2'] = ['b:1']
  answers['10.0.0.3'] = ['c:1']
  await poller.poll()
  assert.deepEqual(told.at(-1), ['a:1', 'b:1'])
  records['lookup.example'] = ['10.0.0.2', '10.0.0.3']
  await poller.poll()
  assert.deepEqual(told.at(-1), ['b:1', 'c:1'])
  assert.deepEqual(asked, ['10.0.0.1', '10.0.0.2', '10.0.0.2', '10.0.0.3'])
})

void test('a name that cannot be looked up keeps the addresses and answers it had', async () => {
  const { poller, answers, records, told, errors } = makePoller(['lookup.example:4161'])
  records['lookup.example'] = ['10.0.0.1', '10.0.0.2']
  answers['10.0.0.1'] = ['a:1']
  answers['10.0.0.2'] = ['b:1']
  await poller.poll()
  delete records['lookup.example']
  answers['10.0.0.2'] = ['b:2']
  await poller.poll()
  assert.deepEqual(told.at(-1), ['a:1', 'b:2'])
  records['lookup.example'] = []
  await poller.poll()
  assert.deepEqual(told.at(-1), ['a:1', 'b:2'])
  assert.deepEqual(errors, [])
})

void test('a name that was never looked up is asked as it is, so that the error says what is wrong', async () => {
  const { poller, asked, errors, told } = makePoller(['lookup.example:4161'])
  await poller.poll()
  assert.deepEqual(asked, ['lookup.example'])
  assert.deepEqual(errors, ['silent'])
  assert.deepEqual(told, [[]])
})

void test('what nobody can mistake for several is not looked up', async () => {
  const { poller, asked } = makePoller(['10.0.0.1:4161', '[::1]:4161', 'localhost:4161'])
  await poller.poll()
  assert.deepEqual(asked, ['10.0.0.1', '[::1]', 'localhost'])
})

void test('asks over TLS, for the name, at the address that was looked up', async () => {
  const answer = JSON.stringify({
    producers: [{ broadcast_address: 'n1', tcp_port: 4150, http_port: 4151 }],
  })
  let host: string | undefined
  const server = createServer({ cert: TEST_CERT, key: TEST_KEY }, (request, response) => {
    host = request.headers.host
    response.setHeader('Connection', 'close').end(answer)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const request = { timeoutMs: 5_000, authSecret: '', tls: { ca: TEST_CERT } }
  try {
    const url = parseLookupdAddress(`https://localhost:${port}`)
    assert.deepEqual(await lookUpTopic({ url, ip: '127.0.0.1' }, 't', request), ['n1:4150'])
    assert.equal(host, `localhost:${port}`)
    const elsewhere = {
      url: parseLookupdAddress(`https://elsewhere.example:${port}`),
      ip: '127.0.0.1',
    }
    await assert.rejects(lookUpTopic(elsewhere, 't', request), /does not match certificate/)
    const { tls: _, ...withoutRoot } = request
    await assert.rejects(lookUpTopic({ url }, 't', withoutRoot), /self.signed/)
  } finally {
    server.close()
  }
})
