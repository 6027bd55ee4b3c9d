// A small cluster with traffic: one nsqlookupd, two nsqd, nsqadmin.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { Consumer } from '@tsq/client'

import { Daemon, type Program } from './daemon.ts'

const PUBLISH_EVERY_MS = 50
/** Whatever a client calls itself, it is text. */
export const CLIENT_ID = '<img src=x onerror=alert(1)>'
const ANY_TCP_PORT = '--tcp-address=127.0.0.1:0'

export interface Cluster {
  readonly lookupd: Daemon
  readonly nsqds: readonly [Daemon, Daemon]
  readonly admin: Daemon
  readonly close: () => Promise<void>
}

export async function startCluster(adminFlags: readonly string[] = []): Promise<Cluster> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tsq-admin-page-'))
  const daemons: Daemon[] = []
  const start = async (program: Program, flags: readonly string[]): Promise<Daemon> => {
    const daemon = await Daemon.start(program, ['--http-address=127.0.0.1:0', ...flags])
    daemons.unshift(daemon)
    return daemon
  }
  const close = async (): Promise<void> => {
    for (const daemon of daemons) await daemon[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const lookupd = await start('nsqlookupd', [ANY_TCP_PORT])
    const nsqdFlags = [
      ANY_TCP_PORT,
      '--broadcast-address=127.0.0.1',
      `--lookupd-tcp-address=${lookupd.tcp}`,
      '--e2e-processing-latency-percentile=1.0,0.99,0.95',
      '--e2e-processing-latency-window-time=1m',
    ]
    const startNsqd = async (name: string): Promise<Daemon> => {
      const dataPath = await mkdtemp(path.join(folder, name))
      return start('nsqd', [`--data-path=${dataPath}`, ...nsqdFlags])
    }
    const nsqds = await Promise.all([startNsqd('a'), startNsqd('b')] as const)
    const admin = await start('nsqadmin', [
      `--lookupd-http-address=${lookupd.http}`,
      '--sample-interval=1s',
      ...adminFlags,
    ])
    return { lookupd, nsqds, admin, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Publishes to a topic on both nodes, and consumes it, until it is disposed of. */
export async function startTraffic(
  { nsqds }: Cluster,
  topic: string,
  channel: string,
): Promise<AsyncDisposable> {
  let count = 0
  const publish = async (): Promise<void> => {
    const node = nsqds[count++ % nsqds.length]!
    const body = JSON.stringify({ number: count, note: '<b>grüße</b>' })
    await node.post(`/pub?topic=${encodeURIComponent(topic)}`, body)
  }
  await publish()
  await publish()
  const consumer = new Consumer({
    topic,
    channel,
    nsqd: nsqds.map((node) => node.tcp),
    clientId: CLIENT_ID,
    maxInFlight: 20,
  })
  consumer.run(() => undefined)
  const timer = setInterval(() => void publish().catch(() => undefined), PUBLISH_EVERY_MS)
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await consumer.close()
    },
  }
}
