// Nodes that want TLS, with a certificate of the asker's; and nsqadmin's own HTTPS.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { get } from 'node:https'
import { suite, test } from 'node:test'
import { text } from 'node:stream/consumers'
import { makeCertificate } from './certificate.ts'
import { RunningAdmin } from './nsqadmin.ts'
import { nsqdBinaries, startNsqd } from './nsqd.ts'
import { prepareOrSkip } from './skip.ts'

interface Topics {
  readonly topics: readonly string[] | null
  readonly message: string
}

void suite('nsqadmin and TLS', { timeout: 120_000 }, () => {
  for (const binary of ['ours', 'reference'] as const) {
    void test(`${nsqdBinaries[binary]} that requires it is asked by HTTPS`, async (t) => {
      const pem = await prepareOrSkip(t, makeCertificate)
      if (pem === undefined) return
      t.after(() => pem.remove())
      const nsqd = await prepareOrSkip(t, () =>
        startNsqd({
          binary,
          flags: [
            '--https-address=127.0.0.1:0',
            `--tls-cert=${pem.cert}`,
            `--tls-key=${pem.key}`,
            `--tls-root-ca-file=${pem.cert}`,
            '--tls-client-auth-policy=require-verify',
            '--tls-required=true',
          ],
        }),
      )
      if (nsqd === undefined) return
      t.after(() => nsqd.stop())
      const address = `--nsqd-http-address=${nsqd.httpAddress}`
      const trusting = await RunningAdmin.start('ours', [
        address,
        `--http-client-tls-root-ca-file=${pem.cert}`,
        `--http-client-tls-cert=${pem.cert}`,
        `--http-client-tls-key=${pem.key}`,
      ])
      t.after(() => trusting.stop())
      const created = await trusting.call('POST', '/api/topics', { topic: 'secret' })
      assert.deepEqual([created.status, (created.json as Topics).message], [200, ''])
      const topics = (await trusting.call('GET', '/api/topics')).json as Topics
      assert.deepEqual(topics, { topics: ['secret'], message: '' })
      const stranger = await RunningAdmin.start('ours', [address])
      t.after(() => stranger.stop())
      const refused = await stranger.call('GET', '/api/topics')
      assert.equal(refused.status, 502)
      assert.match(
        (refused.json as Topics).message,
        /^UPSTREAM_ERROR: failed to query any nsqd: Get /,
      )
    })
  }

  void test('its own listener speaks HTTPS, and tells plain HTTP so', async (t) => {
    const pem = await prepareOrSkip(t, makeCertificate)
    if (pem === undefined) return
    t.after(() => pem.remove())
    const admin = await prepareOrSkip(t, () =>
      RunningAdmin.start('ours', [
        '--lookupd-http-address=127.0.0.1:1',
        `--tls-cert=${pem.cert}`,
        `--tls-key=${pem.key}`,
      ]),
    )
    if (admin === undefined) return
    t.after(() => admin.stop())
    const ca = await readFile(pem.cert)
    const url = `https://${admin.httpAddress}/ping`
    const answer = await new Promise<{ text: string; transport: string | undefined }>(
      (resolve, reject) => {
        get(url, { ca }, (response) => {
          const transport = response.headers['strict-transport-security']
          text(response).then((body) => resolve({ text: body, transport }), reject)
        }).on('error', reject)
      },
    )
    assert.deepEqual(answer, { text: 'OK', transport: 'max-age=31536000' })
    assert.equal((await admin.call('GET', '/ping')).status, 400)
  })
})
