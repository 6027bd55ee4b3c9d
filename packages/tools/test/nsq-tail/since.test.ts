import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { suite, test, type TestContext } from 'node:test'

import { parseSince, requireReplay } from '../../src/nsq-tail/since.ts'

const NOW = Date.parse('2026-01-31T12:00:00Z')

function at(text: string): string {
  return parseSince(text, NOW).at.toISOString()
}

void suite('--since', () => {
  void test('is a span before now or a time', () => {
    assert.equal(at('1h30m'), '2026-01-31T10:30:00.000Z')
    assert.equal(at('2026-01-31T07:00:00Z'), '2026-01-31T07:00:00.000Z')
    assert.equal(at('2026-01-31T07:00:00+02:00'), '2026-01-31T05:00:00.000Z')
  })

  void test('is nothing else', () => {
    for (const text of ['', '5', 'yesterday', '12', '2026-13-45T00:00:00Z']) {
      assert.throws(() => parseSince(text, NOW), /must be a duration/, text)
    }
  })

  void test('is refused by the first nsqd that does not offer replay', async (t) => {
    const lookupd = await fakeCluster(t, {})
    const source = { nsqdTcpAddresses: [], lookupdHttpAddresses: [lookupd] }
    const problem = `nsqd ${lookupd} (1.3.0) does not offer replay, which --since needs`
    await assert.rejects(requireReplay(source, ['t']), { message: problem })
  })

  void test('looks for the feature in /info', async (t) => {
    const lookupd = await fakeCluster(t, { features: ['replay'] })
    const source = { nsqdTcpAddresses: [], lookupdHttpAddresses: [`http://${lookupd}`] }
    await assert.rejects(requireReplay(source, ['t']), /offer replay, but this nsq_tail can not/)
  })
})

/** One server that is a nsqlookupd, and the nsqd it names. */
async function fakeCluster(t: TestContext, more: object): Promise<string> {
  const server = createServer((request, response) => {
    const node = { broadcast_address: '127.0.0.1', tcp_port: 1, http_port: port, version: '1.3.0' }
    const isInfo = request.url?.startsWith('/info') === true
    response.end(JSON.stringify(isInfo ? { ...node, ...more } : { producers: [node] }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close().closeAllConnections())
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const { port } = address
  return `127.0.0.1:${port}`
}
