import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { call } from './http/request.ts'
import { get, startNsqd } from './support/running.ts'

function stallFor(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

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

  it('lists its pages', async (t) => {
    const nsqd = await startNsqd(t, { debugEndpoints: true })
    const index = await get(nsqd, '/debug/pprof/')
    for (const [, page = ''] of index.matchAll(/href="(\w+)"/g)) {
      assert.ok(await get(nsqd, `/debug/pprof/${page}`), page)
    }
    assert.equal(await get(nsqd, '/debug/pprof/cmdline'), process.argv.join('\0'))
    assert.match(await get(nsqd, '/debug/pprof/goroutine'), /^\d+ TCP\w+$/m)
  })

  it('keeps stalls of the event loop that are long enough', async (t) => {
    const nsqd = await startNsqd(t, { debugEndpoints: true })
    await call(nsqd.httpAddress, 'PUT', '/debug/setblockrate?rate=50000000')
    // The watch must have looked at the clock before.
    await get(nsqd, '/debug/pprof/profile?seconds=1')
    stallFor(120)
    const answer = await get(nsqd, '/debug/pprof/block')
    assert.match(answer, /Z 1\d\d\.\d ms\n/)
    await call(nsqd.httpAddress, 'PUT', '/debug/setblockrate?rate=0')
    assert.match(await get(nsqd, '/debug/pprof/block'), /^0 stalls/)
    const bad = await call(nsqd.httpAddress, 'PUT', '/debug/setblockrate?rate=x')
    assert.equal(bad.status, 400)
    assert.equal(bad.body, 'invalid block rate : strconv.Atoi: parsing "x": invalid syntax')
  })

  it('frees memory', async (t) => {
    const nsqd = await startNsqd(t, { debugEndpoints: true })
    assert.equal((await call(nsqd.httpAddress, 'POST', '/debug/freememory')).status, 200)
  })

  it('is not there unless asked for', async (t) => {
    const nsqd = await startNsqd(t)
    await assert.rejects(get(nsqd, '/debug/pprof/heap'), /answered 404/)
    await assert.rejects(get(nsqd, '/debug/pprof/profile'), /answered 404/)
  })
})
