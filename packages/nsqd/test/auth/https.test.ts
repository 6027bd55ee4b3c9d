// Auth servers over HTTPS, signed by an authority of their own.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test, type TestContext } from 'node:test'
import type { TlsOptions } from 'node:tls'

import type { NsqdOptions } from '../../src/options.ts'
import { makeCertificates, whyNoCertificates } from '@tsq/testing'
import { FakeAuthServer } from '../support/fake-auth-server.ts'
import { runNsqd } from '../support/running-nsqd.ts'
import { V2Client } from '../support/v2-client.ts'

const skip = whyNoCertificates()
const certificates = skip === false ? makeCertificates() : undefined

/** What AUTH is answered by a nsqd with these options, where the auth server speaks TLS with those. */
async function answerTo(
  t: TestContext,
  options: Partial<NsqdOptions>,
  tls: TlsOptions = {},
): Promise<string> {
  const { cert, key } = certificates!
  await using server = await FakeAuthServer.start({
    cert: readFileSync(cert),
    key: readFileSync(key),
    ...tls,
  })
  const authHttpAddresses = [`https://${server.address}/auth`]
  const nsqd = await runNsqd(t, { authHttpAddresses, ...options })
  await using client = await V2Client.connect(nsqd.tcpAddress)
  client.send('AUTH\n', Buffer.from([0, 0, 0, 1]), 's')
  const answer = await client.next()
  return answer
}

void suite('an auth server over HTTPS', { skip }, () => {
  const trusting = { tlsRootCaFile: certificates?.ca ?? '' }
  const ALLOWED = /^\{"identity":"bob"/
  const REFUSED = 'E_AUTH_FAILED AUTH failed'

  void test('is believed where --tls-root-ca-file signed it', async (t) => {
    assert.match(await answerTo(t, trusting), ALLOWED)
  })

  void test('is not believed by default', async (t) => {
    assert.equal(await answerTo(t, {}), REFUSED)
  })

  void test('is not believed where --tls-root-ca-file has another authority', async (t) => {
    assert.equal(await answerTo(t, { tlsRootCaFile: certificates!.strangerCert }), REFUSED)
  })

  void test('must speak TLS as new as --tls-min-version', async (t) => {
    const old: TlsOptions = { maxVersion: 'TLSv1.2' }
    assert.match(await answerTo(t, { ...trusting, tlsMinVersion: 'tls1.2' }, old), ALLOWED)
    assert.equal(await answerTo(t, { ...trusting, tlsMinVersion: 'tls1.3' }, old), REFUSED)
    assert.match(await answerTo(t, { ...trusting, tlsMinVersion: 'tls1.3' }), ALLOWED)
  })
})
