import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'

import type { Nsqd, NsqdOptions } from '../src/index.ts'
import type { ChannelSnapshot, StatsSnapshot } from '../src/stats/snapshot.ts'
import { ANYWHERE, localityOf } from '../src/topology.ts'
import { get, post, startNsqd, WireClient } from './support/running.ts'
import { waitUntil } from './support/wait-until.ts'

const ON: Partial<NsqdOptions> = {
  experiments: ['topology-aware-consumption'],
  topologyRegion: 'eu',
  topologyZone: 'eu-1',
}

async function consumer(
  t: TestContext,
  nsqd: Nsqd,
  region: string,
  zone: string,
  readyCount: number,
): Promise<WireClient> {
  const client = await WireClient.connect(t, nsqd.tcpAddress)
  await client.identify({ topology_region: region, topology_zone: zone })
  await client.subscribe('t', 'c', readyCount)
  return client
}

async function channelOf(nsqd: Nsqd): Promise<ChannelSnapshot> {
  const { topics } = JSON.parse(await get(nsqd, '/stats?format=json')) as StatsSnapshot
  return topics![0]!.channels[0]!
}

describe('topology-aware consumption', () => {
  it('gives to the own zone first, then to the own region, then to anybody', async (t) => {
    const nsqd = await startNsqd(t, ON)
    const far = await consumer(t, nsqd, 'us', 'us-1', 2)
    const region = await consumer(t, nsqd, 'eu', 'eu-2', 2)
    const zone = await consumer(t, nsqd, 'eu', 'eu-1', 2)
    const ready = (): boolean => [...nsqd.statsSource().sessions].every((s) => s.readyCount === 2)
    await waitUntil(ready, 'the ready counts')
    const received = (): number[] => [zone, region, far].map(({ messages }) => messages.length)
    for (const expected of [
      [1, 0, 0],
      [2, 0, 0],
      [2, 1, 0],
      [2, 2, 0],
      [2, 2, 1],
      [2, 2, 2],
    ]) {
      await post(nsqd, '/pub?topic=t', 'x')
      await waitUntil(() => received().join(' ') === expected.join(' '), expected.join(' '))
    }
    const stats = await channelOf(nsqd)
    assert.equal(stats.zone_local_msg_count, 2)
    assert.equal(stats.region_local_msg_count, 2)
    assert.equal(stats.global_msg_count, 2)
  })

  it('holds nothing back, and a backlog goes to whoever is ready', async (t) => {
    const nsqd = await startNsqd(t, ON)
    await post(nsqd, '/topic/create?topic=t')
    await post(nsqd, '/channel/create?topic=t&channel=c')
    for (let i = 0; i < 10; i++) await post(nsqd, '/pub?topic=t', 'x')
    const far = await consumer(t, nsqd, 'us', 'us-1', 4)
    await far.take(4)
    const zone = await consumer(t, nsqd, 'eu', 'eu-1', 100)
    await zone.take(6)
    const stats = await channelOf(nsqd)
    assert.equal(stats.global_msg_count, 4)
    assert.equal(stats.zone_local_msg_count, 6)
  })

  it('is off unless asked for: everything counts as global', async (t) => {
    const nsqd = await startNsqd(t, { topologyRegion: 'eu', topologyZone: 'eu-1' })
    const zone = await consumer(t, nsqd, 'eu', 'eu-1', 10)
    await post(nsqd, '/pub?topic=t', 'x')
    await zone.take(1)
    const stats = await channelOf(nsqd)
    assert.equal(stats.global_msg_count, 1)
    assert.equal(stats.zone_local_msg_count, undefined)
    assert.match(await get(nsqd, '/info'), /"topology_zone":"eu-1","topology_region":"eu"/)
  })

  it('takes two empty names for equal, but prefers only where the node has a name', () => {
    const node = { ...ON, topologyRegion: '', topologyZone: '', experiments: ON.experiments! }
    const nowhere = { topologyRegion: '', topologyZone: '' }
    assert.deepEqual(localityOf(nowhere, node), { kind: 'zone', rank: 0 })
    assert.deepEqual(localityOf(nowhere, { ...node, topologyRegion: 'eu' }), {
      kind: 'zone',
      rank: 1,
    })
    assert.deepEqual(localityOf(nowhere, { ...node, experiments: ['other'] }), ANYWHERE)
  })
})
