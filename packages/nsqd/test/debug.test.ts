import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { get, startNsqd } from './support/running.ts'

describe('/debug', () => {
  it('answers with a CPU profile and a heap snapshot, one at a time', async (t) => {
    const nsqd = await startNsqd(t, { debugEndpoints: true })
    const profiling = get(nsqd, '/debug/pprof/profile?seconds=1')
    await assert.rejects(get(nsqd, '/debug/pprof/profile?seconds=1'), /answered 409/)
    const profile = JSON.parse(await profiling) as { nodes: unknown[]; samples: unknown[] }
    assert.ok(profile.nodes.length > 0 && profile.samples.length > 0)
    await assert.rejects(get(nsqd, '/debug/pprof/profile?seconds=0'), /answered 400/)
    await assert.rejects(get(nsqd, '/debug/pprof/profile?seconds=x'), /answered 400/)
    const heap = JSON.parse(await get(nsqd, '/debug/pprof/heap')) as { snapshot: unknown }
    assert.ok(heap.snapshot)
  })

  it('is not there unless asked for', async (t) => {
    const nsqd = await startNsqd(t)
    await assert.rejects(get(nsqd, '/debug/pprof/heap'), /answered 404/)
    await assert.rejects(get(nsqd, '/debug/pprof/profile'), /answered 404/)
  })
})
