import fs from 'node:fs'

const LOCK = /^\d+: FLOCK +\S+ +\S+ +(-?\d+) +([0-9a-f]+):([0-9a-f]+):(\d+) /

/**
 * The process that holds a file lock on a folder, as nsqd 1.x does on its data path. Only where the system tells
 * (`/proc/locks`); undefined where nobody does, or nobody knows.
 */
export function flockHolder(folder: string, locksFile = '/proc/locks'): number | undefined {
  let locks: string
  try {
    locks = fs.readFileSync(locksFile, 'latin1')
  } catch {
    return undefined
  }
  const { dev, ino } = fs.statSync(folder)
  // As Linux packs a device's two numbers.
  const major = Math.floor(dev / 0x100) & 0xfff
  const minor = (dev & 0xff) | (Math.floor(dev / 0x1000) & 0xfff00)
  for (const line of locks.split('\n')) {
    const match = LOCK.exec(line)
    if (match === null || Number(match[4]) !== ino) continue
    const isSameDevice =
      Number.parseInt(match[2]!, 16) === major && Number.parseInt(match[3]!, 16) === minor
    if (isSameDevice) return Number(match[1])
  }
  return undefined
}
