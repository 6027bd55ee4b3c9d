import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'

import { createLogger } from '@tsq/daemon'

import { Nsqd, type NsqdOptions } from '../../src/index.ts'

/** Runs a test against an nsqd of its own. */
export async function withNsqd(
  options: Partial<NsqdOptions>,
  run: (nsqd: Nsqd) => Promise<void>,
): Promise<void> {
  const dataPath = await mkdtemp(path.join(tmpdir(), 'tsq-nsqd-'))
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

/** A nsqd on ports of the system's choosing over a new folder, gone when the test is over. */
export async function runNsqd(
  t: TestContext,
  options: Partial<NsqdOptions> = {},
  onLog: (line: string) => void = () => undefined,
): Promise<Nsqd> {
  const dataPath = await mkdtemp(path.join(tmpdir(), 'tsq-nsqd-'))
  const logger = createLogger({ destination: { write: onLog } })
  const nsqd = await Nsqd.start(
    {
      tcpAddress: '127.0.0.1:0',
      httpAddress: '127.0.0.1:0',
      httpsAddress: '127.0.0.1:0',
      dataPath,
      ...options,
    },
    logger,
  )
  t.after(async () => {
    await nsqd.close()
    await rm(dataPath, { recursive: true, force: true })
  })
  return nsqd
}
