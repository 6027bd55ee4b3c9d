import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'

import { createLogger } from '@tsq/daemon'

import { Nsqd, type NsqdOptions } from '../../src/index.ts'

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
