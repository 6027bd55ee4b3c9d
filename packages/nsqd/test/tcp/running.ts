import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'

import { Nsqd } from '../../src/nsqd.ts'
import type { NsqdOptions } from '../../src/options.ts'

/** An nsqd in this process, over a new data path, on ports of the system's choosing. Ends with the test. */
export async function runNsqd(
  t: Pick<TestContext, 'after'>,
  options: Partial<NsqdOptions> = {},
): Promise<Nsqd> {
  const dataPath = await mkdtemp(path.join(tmpdir(), 'tsq-session-'))
  const nsqd = await Nsqd.start({
    tcpAddress: '127.0.0.1:0',
    httpAddress: '127.0.0.1:0',
    broadcastAddress: '127.0.0.1',
    ...options,
    dataPath,
  })
  t.after(async () => {
    await nsqd.close()
    await rm(dataPath, { recursive: true, force: true })
  })
  return nsqd
}
