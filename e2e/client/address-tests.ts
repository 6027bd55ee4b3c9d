import assert from 'node:assert/strict'
import { networkInterfaces, tmpdir } from 'node:os'
import { mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { Consumer, Producer } from '@tsq/client'

import { Nsqd } from './daemons.ts'
import type { Shared } from './shared.ts'
import { until } from '@tsq/testing'

async function roundTrip(address: string): Promise<void> {
  await using producer = new Producer({ nsqd: address })
  await producer.publish('addresses', 'there and back')
  await using consumer = new Consumer({ topic: 'addresses', channel: 'c', nsqd: address })
  let from = ''
  consumer.run((message) => {
    from = message.address
  })
  await until('the message', () => from !== '')
  assert.equal(from, address)
}

const hasV6 = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.address === '::1')

export function addressTests(shared: Shared): void {
  const { programs } = shared

  void test('a DNS name', async () => {
    const nsqd = await shared.plain()
    await roundTrip(`localhost:${nsqd.tcpPort}`)
  })

  void test('an IPv6 address', { skip: !hasV6 && 'there is no ::1 here' }, async () => {
    await using nsqd = await Nsqd.start(programs, '--tcp-address=[::1]:0')
    await roundTrip(`[::1]:${nsqd.tcpPort}`)
  })

  void test('a Unix socket', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tsq-client-'))
    try {
      const socket = path.join(folder, 'nsqd.sock')
      await using _nsqd = await Nsqd.start(programs, `--tcp-address=${socket}`)
      await roundTrip(socket)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
}
