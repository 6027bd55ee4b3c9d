import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import type { Nsqd } from '../../src/nsqd.ts'
import { nsqdOptions } from '../../src/options.ts'
import { FakeNsqlookupd } from '../support/fake-nsqlookupd.ts'
import { withNsqd } from '../support/running-nsqd.ts'
import { waitUntil } from '../support/wait-until.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
const TEXT_TYPE = 'text/plain; charset=utf-8'

async function ask(nsqd: Nsqd, option: string, body?: string): Promise<[number, string, string]> {
  const init = body === undefined ? {} : { method: 'PUT', body }
  const response = await fetch(`http://${nsqd.httpAddress}/config/${option}`, init)
  return [response.status, response.headers.get('content-type') ?? '', await response.text()]
}

const INVALID_VALUE = '{"message":"INVALID_VALUE"}'
const INVALID_OPTION = '{"message":"INVALID_OPTION"}'

void suite('/config', () => {
  void test('shows options by their key in the configuration file', () =>
    withNsqd(
      { msgTimeoutMs: 1.5, maxReqTimeoutMs: 200 * 86_400_000, authHttpAddresses: ['a:1'] },
      async (nsqd) => {
        const expected: Readonly<Record<string, string>> = {
          max_rdy_count: '2500',
          max_heartbeat_interval: '60000000000',
          msg_timeout: '1500000',
          max_req_timeout: '17280000000000000',
          id: String(nsqd.options.nodeId),
          // A program that embeds nsqd has brought a logger of its own.
          log_level: '5',
          nsqlookupd_tcp_addresses: '[]',
          auth_http_addresses: '["a:1"]',
          broadcast_tcp_port: String(nsqd.tcpPort),
          broadcast_http_port: String(nsqd.httpPort),
        }
        for (const [key, value] of Object.entries(expected)) {
          assert.deepEqual(await ask(nsqd, key), [200, JSON_TYPE, value], key)
        }
        const texts: Readonly<Record<string, string>> = {
          data_path: nsqd.options.dataPath,
          broadcast_address: 'node1',
          auth_http_request_method: 'get',
          ack_after: 'write',
        }
        for (const [key, value] of Object.entries(texts)) {
          assert.deepEqual(await ask(nsqd, key), [200, TEXT_TYPE, value], key)
        }
      },
    ))

  void test('knows every option, and no other', () =>
    withNsqd({}, async (nsqd) => {
      const flagsOnly = ['verbose', 'worker_id']
      for (const { key } of Object.values(nsqdOptions)) {
        const status = flagsOnly.includes(key) ? 400 : 200
        assert.equal((await ask(nsqd, key))[0], status, key)
      }
      assert.deepEqual(await ask(nsqd, 'queue_scan_selection_count'), [200, JSON_TYPE, '20'])
      assert.deepEqual(await ask(nsqd, 'statsd_address'), [200, '', ''])
      for (const key of ['nope', 'maxRdyCount', 'max-rdy-count', 'config', '__proto__']) {
        assert.deepEqual(await ask(nsqd, key), [400, JSON_TYPE, INVALID_OPTION], key)
      }
    }))

  void test('changes the log level', () =>
    withNsqd({}, async (nsqd) => {
      nsqd.logger.level = 'fatal'
      assert.deepEqual(await ask(nsqd, 'log_level', 'DEBUG'), [200, JSON_TYPE, '1'])
      assert.equal(nsqd.logger.level, 'debug')
      assert.deepEqual(await ask(nsqd, 'log_level', '"info"'), [400, JSON_TYPE, INVALID_VALUE])
      assert.deepEqual(await ask(nsqd, 'log_level'), [200, JSON_TYPE, '1'])
    }))

  void test('changes the nsqlookupds', async () => {
    await using lookupd = await FakeNsqlookupd.start()
    await withNsqd({}, async (nsqd) => {
      const key = 'nsqlookupd_tcp_addresses'
      const value = JSON.stringify([lookupd.address])
      assert.deepEqual(await ask(nsqd, key, value), [200, JSON_TYPE, value])
      await waitUntil(() => lookupd.sockets.size === 1)
      assert.deepEqual(await ask(nsqd, key), [200, JSON_TYPE, value])
      const bad = ['no json', '{}', '"a:1"', '[1]', '["a"]', '["a:0"]', '["a:1", null]', '[":1"]']
      for (const body of bad) {
        assert.deepEqual(await ask(nsqd, key, body), [400, JSON_TYPE, INVALID_VALUE], body)
      }
      assert.equal(lookupd.sockets.size, 1)
      assert.deepEqual(await ask(nsqd, key, 'null'), [200, JSON_TYPE, '[]'])
      await waitUntil(() => lookupd.sockets.size === 0)
    })
  })

  void test('changes nothing else', () =>
    withNsqd({ maxMsgSize: 100 }, async (nsqd) => {
      const refused: [option: string, body: string, status: number, text: string][] = [
        ['max_rdy_count', '1', 400, INVALID_OPTION],
        ['nope', '1', 400, INVALID_OPTION],
        ['nope', '', 413, INVALID_VALUE],
        ['log_level', '', 413, INVALID_VALUE],
        ['log_level', 'x'.repeat(101), 413, INVALID_VALUE],
      ]
      for (const [option, body, status, text] of refused) {
        assert.deepEqual(await ask(nsqd, option, body), [status, JSON_TYPE, text], option)
      }
      const response = await fetch(`http://${nsqd.httpAddress}/config/log_level`, {
        method: 'POST',
      })
      assert.equal(response.status, 405)
      assert.equal(response.headers.get('allow'), 'GET, OPTIONS, PUT')
    }))
})
