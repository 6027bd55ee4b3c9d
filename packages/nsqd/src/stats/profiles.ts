import { Session } from 'node:inspector/promises'
import { getHeapSnapshot } from 'node:v8'

/** What the process does with its time, for Chrome's and other tools; a `.cpuprofile`. */
export async function cpuProfile(ms: number): Promise<Buffer> {
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.start')
    await new Promise((resolve) => setTimeout(resolve, ms))
    const { profile } = await session.post('Profiler.stop')
    return Buffer.from(JSON.stringify(profile))
  } finally {
    session.disconnect()
  }
}

/** What lies on the heap; a `.heapsnapshot`. Nothing else happens while it is taken, and it holds what messages held. */
export async function heapSnapshot(): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of getHeapSnapshot()) parts.push(part as Buffer)
  return Buffer.concat(parts)
}
