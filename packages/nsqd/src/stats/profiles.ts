import { Session } from 'node:inspector/promises'
import { getHeapSnapshot, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

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

/** Gives back at once what nobody uses. Nothing else happens meanwhile. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  setFlagsFromString('--no-expose-gc')
  collect()
}

/** What keeps the process going: kinds of resources and how many there are, the most first. */
export function waitingFor(): string {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a)
  return sorted.map(([kind, count]) => `${count} ${kind}\n`).join('')
}
