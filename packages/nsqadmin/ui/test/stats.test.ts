import type { ChannelStats, ClientStats, Latency } from '@tsq/clusterinfo'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { Session } from '../../src/api.ts'
import { firstShown, lastValue, sparkPoints, timesOf } from '../src/lib/chart-data.ts'
import { clientAttributes, clientName, locality } from '../src/lib/clients.ts'
import { deliveryShares } from '../src/lib/delivery.ts'
import { latencyAt, quantilesOf } from '../src/lib/percentiles.ts'
import { may, maySee } from '../src/lib/roles.ts'
import { nextKey, type KeyState, type Shortcut } from '../src/lib/shortcuts.ts'

const client: ClientStats = {
  node: '127.0.0.1:4151',
  remote_address: '[::1]:53338',
  version: 'V2',
  client_id: 'worker',
  hostname: 'worker.example.com',
  user_agent: 'spec/1.0',
  connect_ts: 1,
  connected: 1e9,
  in_flight_count: 0,
  ready_count: 2,
  finish_count: 1,
  requeue_count: 0,
  message_count: 1,
  sample_rate: 0,
  deflate: false,
  snappy: false,
  authed: false,
  auth_identity: '',
  auth_identity_url: '',
  tls: false,
  tls_cipher_suite: '',
  tls_version: '',
  tls_negotiated_protocol: '',
  tls_negotiated_protocol_is_mutual: false,
}

function measured(...quantiles: number[]): Latency {
  const percentiles = quantiles.map((quantile) => ({
    quantile,
    min: 1,
    max: 3,
    average: 2,
    count: 1,
  }))
  return { count: 1, percentiles, topic: 't', channel: '', host: '*' }
}

/** What each key means after those before it. */
function press(...keys: readonly [string, number][]): (Shortcut | undefined)[] {
  let state: KeyState = {}
  return keys.map(([key, at]) => {
    const next = nextKey(state, key, at)
    state = next.state
    return next.shortcut
  })
}

/** The first point shown of a history whose last `known` points are there. */
function shownOf(known: number, points = 720, step = 5000): number {
  const depth = Array.from({ length: points }, (_, i) => (i < points - known ? null : 1))
  return firstShown({ depth, step })
}

describe('clients', () => {
  it('names the id only where it says more than the host', () => {
    assert.equal(clientName(client), 'worker.example.com:53338')
    assert.equal(clientName({ ...client, client_id: 'worker.example.com' }), clientName(client))
    const named = clientName({ ...client, client_id: '<b>7</b>' })
    assert.equal(named, 'worker.example.com:53338 (<b>7</b>)')
  })

  it('labels what was agreed with each', () => {
    const labels = clientAttributes({
      ...client,
      sample_rate: 50,
      tls: true,
      tls_version: 'tls1.3',
      snappy: true,
      authed: true,
      auth_identity: 'bob',
      auth_identity_url: 'https://auth/bob',
      node_topology_region: 'eu',
      node_topology_zone: 'a',
      topology_region: 'eu',
      topology_zone: 'a',
    })
    const texts = labels.map(({ text }) => text)
    assert.deepEqual(texts, ['Sampled 50%', 'TLS', 'Snappy', 'bob', 'eu', 'a', 'zoneLocal'])
    assert.equal(labels[1]!.title, 'tls1.3')
    assert.equal(labels[3]!.link, 'https://auth/bob')
  })

  it('follows no link but to the web', () => {
    const evil = { ...client, authed: true, auth_identity_url: 'javascript:alert(1)' }
    assert.equal(clientAttributes(evil)[0]!.link, undefined)
  })

  it('knows who is near', () => {
    const at = (region: string, zone: string) =>
      locality({
        ...client,
        node_topology_region: 'eu',
        node_topology_zone: 'a',
        topology_region: region,
        topology_zone: zone,
      })
    assert.deepEqual([at('eu', 'a'), at('eu', 'b'), at('us', 'a')], ['zone', 'region', 'global'])
    assert.equal(locality(client), 'global')
  })
})

describe('figures', () => {
  it('shares out what was delivered', () => {
    const channel = { zone_local_msg_count: 60, region_local_msg_count: 30, global_msg_count: 10 }
    const shares = deliveryShares(channel as ChannelStats)
    assert.deepEqual(
      shares.map(({ percent }) => percent),
      [60, 30, 10],
    )
    assert.deepEqual(deliveryShares({} as ChannelStats), [])
  })

  it('has one column for every percentile that any node measures', () => {
    const latencies = [
      measured(0.99, 0.5),
      null,
      { ...measured(), percentiles: null },
      measured(0.95),
    ]
    assert.deepEqual(quantilesOf(latencies), [0.99, 0.95, 0.5])
    assert.equal(latencyAt(latencies[0], 0.5)!.average, 2)
    assert.equal(latencyAt(latencies[1], 0.5), undefined)
  })

  it('draws what there is', () => {
    assert.equal(sparkPoints([], 90, 20), '')
    assert.equal(sparkPoints([0, 10, 5], 90, 20), '0,19 45,1 90,10')
    assert.equal(lastValue([1, 2, null]), 2)
    assert.equal(lastValue([null]), undefined)
    assert.deepEqual(timesOf({ start: 5000, step: 5000 }, 3), [5, 10, 15])
  })
})

describe('a young history', () => {
  it('is shown from its first sample on, but five minutes at least', () => {
    assert.equal(shownOf(720), 0)
    assert.equal(shownOf(100), 620)
    assert.equal(shownOf(2), 660)
    assert.equal(shownOf(0), 660)
    assert.equal(shownOf(1, 3), 0)
  })
})

describe('who may', () => {
  const session: Session = {
    user: 'bob',
    role: 'operator',
    mode: 'login',
    read_only: false,
    csrf_token: '',
    version: '0',
    lookupds: [],
    nsqds: [],
    graphite: false,
  }

  it('do what their role and those before it may', () => {
    assert.equal(may(session, 'viewer'), true)
    assert.equal(may(session, 'operator'), true)
    assert.equal(may(session, 'admin'), false)
  })

  it('only look where all is read only', () => {
    assert.equal(may({ ...session, role: 'admin', read_only: true }, 'operator'), false)
    assert.equal(maySee({ ...session, read_only: true }, 'operator'), true)
    assert.equal(maySee(session, 'admin'), false)
  })
})

describe('keys', () => {
  it('go places after g', () => {
    assert.deepEqual(press(['g', 0], ['t', 500])[1], { kind: 'go', path: '/topics' })
    assert.deepEqual(press(['g', 0], ['n', 500])[1], { kind: 'go', path: '/nodes' })
    assert.deepEqual(press(['g', 0], ['t', 5000]), [undefined, undefined])
    assert.deepEqual(press(['g', 0], ['toString', 5]), [undefined, undefined])
  })

  it('search, help and refresh at once', () => {
    const kinds = press(['/', 0], ['?', 1], ['r', 2], ['x', 3]).map((one) => one?.kind)
    assert.deepEqual(kinds, ['search', 'help', 'refresh', undefined])
  })
})
