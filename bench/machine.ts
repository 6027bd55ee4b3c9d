import { statfs } from 'node:fs/promises'
import { cpus, release, totalmem, type } from 'node:os'
import type { Options } from './options.ts'
import { versionOf } from './targets.ts'

/** What the figures were measured on and with. */
export interface Conditions {
  readonly machine: string
  readonly system: string
  readonly node: string
  readonly date: string
  readonly dataFolder: string
  readonly ours: string
  readonly peer: string | undefined
  readonly settings: string
}

const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x01021994: 'tmpfs',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x794c7630: 'overlayfs',
}

export async function conditions(options: Options, dataFolder: string): Promise<Conditions> {
  const { peer, peerArgs, nsqd, nsqdArgs, repeats, messages, seconds, bodyBytes } = options
  const cores = cpus()
  const gibibytes = (totalmem() / 2 ** 30).toFixed(1)
  const fileSystem = await statfs(dataFolder)
  return {
    machine: `${cores[0]?.model.trim()}, ${cores.length} cores, ${gibibytes} GiB`,
    system: `${type()} ${release()}`,
    node: process.version,
    date: new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
    dataFolder: FILE_SYSTEMS[fileSystem.type] ?? `type 0x${fileSystem.type.toString(16)}`,
    ours: [await versionOf(nsqd), ...nsqdArgs].join(' '),
    peer: peer === undefined ? undefined : [await versionOf(peer), ...peerArgs].join(' '),
    settings:
      `${repeats} repeats, ${messages.toLocaleString('en-US')} messages of ${bodyBytes} bytes, ` +
      `at most ${seconds} s; MPUB of ${options.batch}, ${options.outstanding} outstanding; ` +
      `${options.processes} generator process(es) on each side`,
  }
}
