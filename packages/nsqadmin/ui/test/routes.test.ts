import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { channelPath, nodePath, parseRoute, topicPath, withoutBase } from '../src/lib/routes.ts'

describe('addresses', () => {
  it('leads to each page', () => {
    assert.deepEqual(parseRoute('/'), { page: 'overview' })
    for (const page of ['topics', 'nodes', 'counter', 'lookup', 'audit']) {
      assert.deepEqual(parseRoute(`/${page}`), { page })
      assert.deepEqual(parseRoute(`/${page}/`), { page })
    }
    assert.deepEqual(parseRoute('/nothing'), { page: 'missing' })
    assert.deepEqual(parseRoute('/topics/a/b/c'), { page: 'missing' })
  })

  it('holds any name and comes back with it', () => {
    for (const name of ['orders#ephemeral', 'a/b', '100%', 'ünï cödé', '<b>', '?q=1', '%23']) {
      assert.deepEqual(parseRoute(topicPath(name)), { page: 'topic', topic: name })
      assert.deepEqual(parseRoute(channelPath('t', name)), {
        page: 'channel',
        topic: 't',
        channel: name,
      })
      assert.doesNotMatch(channelPath(name, name), /[#?<> ]/)
    }
    const node = '[fe80::1%eth0]:4151'
    assert.deepEqual(parseRoute(nodePath(node)), { page: 'node', node })
  })

  it('takes what cannot be decoded as it is', () => {
    assert.deepEqual(parseRoute('/topics/100%'), { page: 'topic', topic: '100%' })
  })

  it('begins below the base path', () => {
    assert.equal(withoutBase('/adm/topics', '/adm'), '/topics')
    assert.equal(withoutBase('/adm', '/adm'), '/')
    assert.equal(withoutBase('/topics', ''), '/topics')
  })
})
