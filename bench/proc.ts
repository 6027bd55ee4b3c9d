// What Linux says about a process. On other systems every answer is undefined.

import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'

/** Nanoseconds on a CPU so far, by thread. */
export type CpuReading = ReadonlyMap<string, number>

// Per thread and in nanoseconds: /proc/<pid>/stat counts ticks of 10 ms, which is several per cent
// of a short run. A thread that ends in between takes its time with it; neither Node.js nor Go
// ends threads in ordinary work.
export function readCpu(pid: number): CpuReading | undefined {
  try {
    const tasks = `/proc/${pid}/task`
    return new Map(
      readdirSync(tasks).map((task) => {
        const [runNs] = readFileSync(`${tasks}/${task}/schedstat`, 'latin1').split(' ')
        return [task, Number(runNs)]
      }),
    )
  } catch {
    return undefined
  }
}

export function cpuMicrosBetween(
  before: CpuReading | undefined,
  after: CpuReading | undefined,
): number | undefined {
  if (before === undefined || after === undefined) return undefined
  let sumNs = 0
  for (const [task, runNs] of after) sumNs += runNs - (before.get(task) ?? 0)
  return sumNs / 1000
}

/** Most memory ever resident, since the start or the last `resetPeak`. */
export function peakResidentBytes(pid: number): number | undefined {
  return statusBytes(pid, 'VmHWM')
}

export function residentBytes(pid: number): number | undefined {
  return statusBytes(pid, 'VmRSS')
}

/** What of that is the process's own, and not pages of its program that others may share. */
export function anonymousBytes(pid: number): number | undefined {
  return statusBytes(pid, 'RssAnon')
}

export async function resetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => {})
}

function statusBytes(pid: number, name: string): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
  } catch {
    return undefined
  }
}
