import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Nsqd } from '../../src/nsqd.ts'
import type { NsqdOptions } from '../../src/options.ts'

/** Runs a test against an nsqd of its own. */
export async function withNsqd(
  options: Partial<NsqdOptions>,
  run: (nsqd: Nsqd) => Promise<void>,
): Promise<void> {
  const dataPath = await mkdtemp(join(tmpdir(), 'tsq-nsqd-'))
  try {
    await using nsqd = await Nsqd.start({
      tcpAddress: '127.0.0.1:0',
      httpAddress: '127.0.0.1:0',
      broadcastAddress: 'node1',
      dataPath,
      ...options,
    })
    await run(nsqd)
  } finally {
    await rm(dataPath, { recursive: true, force: true })
  }
}

export async function post(nsqd: Nsqd, target: string, body = ''): Promise<void> {
  const response = await fetch(`http://${nsqd.httpAddress}${target}`, { method: 'POST', body })
  if (!response.ok) throw new Error(`${target} answered ${response.status}`)
}

/** The JSON of a GET. */
export async function getJson(nsqd: Nsqd, target: string): Promise<unknown> {
  const response = await fetch(`http://${nsqd.httpAddress}${target}`)
  return response.json()
}
