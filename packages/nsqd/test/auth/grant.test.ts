import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { Grant } from '../../src/auth/grant.ts'

function answer(fields: object): string {
  return JSON.stringify({ ttl: 60, ...fields })
}

void suite('the answer of an auth server', () => {
  void test('allows what one of its entries allows in full', () => {
    const grant = new Grant(
      answer({
        identity: 'bob',
        identity_url: 'http://example/bob',
        authorizations: [
          { topic: '^t$', channels: ['^c$', 'd.*'], permissions: ['subscribe'] },
          { topic: '^p.*', channels: ['.*'], permissions: ['publish'] },
          { topic: 'none', channels: [], permissions: ['publish', 'subscribe'] },
          { topic: 'empty', channels: [''], permissions: ['publish'] },
        ],
      }),
    )
    const { identity, identityUrl, permissionCount, ttlMs } = grant
    assert.deepEqual(
      { identity, identityUrl, permissionCount, ttlMs },
      { identity: 'bob', identityUrl: 'http://example/bob', permissionCount: 4, ttlMs: 60_000 },
    )
    assert.equal(grant.allows('subscribe', 't', 'c'), true)
    assert.equal(grant.allows('subscribe', 't', 'd2'), true)
    assert.equal(grant.allows('subscribe', 't', 'cc'), false, 'expressions match whole names')
    assert.equal(grant.allows('subscribe', 'tt', 'c'), false)
    assert.equal(grant.allows('publish', 't', ''), false)
    assert.equal(grant.allows('publish', 'p1', ''), true)
    assert.equal(grant.allows('subscribe', 'p1', 'c'), false)
    assert.equal(grant.allows('publish', 'none', ''), false)
    assert.equal(grant.allows('publish', 'empty', ''), true)
  })

  void test('may spell its names in any case', () => {
    const grant = new Grant(
      '{"TTL":60,"Identity":"bob","AUTHORIZATIONS":[{"Topic":"t","Channels":[".*"],"Permissions":["publish"]}]}',
    )
    assert.equal(grant.identity, 'bob')
    assert.equal(grant.allows('publish', 't', ''), true)
  })

  void test('may leave out everything but the ttl', () => {
    for (const text of ['{"ttl":1}', '{"ttl":1,"authorizations":null,"identity":null}']) {
      const grant = new Grant(text)
      assert.equal(grant.permissionCount, 0)
      assert.equal(grant.allows('publish', 't', ''), false)
    }
    const bare = new Grant(answer({ authorizations: [{ topic: 't' }] }))
    assert.equal(bare.permissionCount, 1)
    assert.equal(bare.allows('publish', 't', ''), false)
  })

  const good = { topic: 't', channels: ['c'], permissions: ['publish'] }
  const bad: [what: string, text: string][] = [
    ['no JSON', '{"ttl":60'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['no ttl', '{}'],
    ['a ttl of 0', answer({ ttl: 0 })],
    ['a negative ttl', answer({ ttl: -1 })],
    ['half a ttl', answer({ ttl: 1.5 })],
    ['a ttl of text', answer({ ttl: '60' })],
    ['an identity that is no text', answer({ identity: 5 })],
    ['an identity_url that is no text', answer({ identity_url: {} })],
    ['authorizations that are no list', answer({ authorizations: {} })],
    ['an authorization that is no object', answer({ authorizations: ['x'] })],
    ['no topic', answer({ authorizations: [{ ...good, topic: undefined }] })],
    ['a topic that is no text', answer({ authorizations: [{ ...good, topic: ['t'] }] })],
    ['channels that are no list', answer({ authorizations: [{ ...good, channels: 'c' }] })],
    ['a channel that is no text', answer({ authorizations: [{ ...good, channels: [1] }] })],
    ['an unknown permission', answer({ authorizations: [good, { ...good, permissions: ['x'] }] })],
    ['a bad expression', answer({ authorizations: [good, { ...good, topic: '(' }] })],
    ['a bad channel', answer({ authorizations: [{ ...good, channels: ['.*', '(?=x)'] }] })],
  ]
  for (const [what, text] of bad) {
    void test(`counts for nothing with ${what}`, () => {
      assert.throws(() => new Grant(text))
    })
  }
})
