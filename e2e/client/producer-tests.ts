import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Producer } from '@tsq/client'

import { Nsqd } from './daemons.ts'
import { describeKills, killUnderProducer } from './kills.ts'
import type { Programs } from './programs.ts'

/** 50 by command: see docs/HACKING.md. */
const KILLS = 3

export function producerTests(programs: Programs): void {
  void test(`4. ${KILLS} kills with 1,000 publishes outstanding: each settles once, and what was OK is there`, async (t) => {
    const seed = Math.floor(Math.random() * 1e6)
    t.diagnostic(`seed ${seed}`)
    const report = await killUnderProducer(programs, { kills: KILLS, seed })
    t.diagnostic(describeKills(report))
    assert.equal(report.outstandingLeast, 1_000)
    if (programs.keepsAcknowledged) assert.deepEqual(report.missing, [])
  })

  void test('4. publishing works again after a restart, without a word of the user', async () => {
    await using nsqd = await Nsqd.start(programs)
    await using producer = new Producer({
      nsqd: nsqd.address,
      reconnectMinMs: 10,
      reconnectMaxMs: 50,
    })
    await producer.publish('t', 'before')
    await nsqd.kill()
    const meanwhile = producer.publish('t', 'meanwhile')
    await nsqd.start()
    await meanwhile
    await producer.publish('t', 'after')
    assert.equal(producer.stats.connects, 2)
    assert.equal(producer.stats.messagesPublished, 3)
  })
}
