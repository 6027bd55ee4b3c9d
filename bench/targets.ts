// What is measured: our nsqd at each --ack-after level, and perhaps a peer.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Options } from './options.ts'

export const ACK_LEVELS = ['memory', 'write', 'fsync'] as const
export type AckLevel = (typeof ACK_LEVELS)[number]

const DEFAULT_ACK_LEVEL: AckLevel = 'write'

export interface Target {
  readonly isPeer: boolean
  /** As printed. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

/** @param isPublishing whether the workload's figures depend on when publishes are answered. */
export function targetsFor(options: Options, isPublishing: boolean): readonly Target[] {
  const { ackLevels } = options
  const one = ackLevels.includes(DEFAULT_ACK_LEVEL) ? DEFAULT_ACK_LEVEL : ackLevels[0]
  const levels = isPublishing ? ackLevels : ackLevels.filter((level) => level === one)
  const ours = levels.map((level) => ({
    isPeer: false,
    name: `ours ${level}`,
    ...startable(options.nsqd, [`--ack-after=${level}`, ...options.nsqdArgs]),
  }))
  if (options.peer === undefined) return ours
  const peer = { isPeer: true, name: 'peer', ...startable(options.peer, options.peerArgs) }
  return [...ours, peer]
}

/** The first line of `<program> --version`. */
export async function versionOf(program: string): Promise<string> {
  const { command, args } = startable(program, ['--version'])
  const { stdout } = await promisify(execFile)(command, [...args], { timeout: 10_000 })
  return stdout.trim().split('\n')[0] ?? ''
}

/** How a program is started: a script with this Node, anything else by itself. */
export function startable(program: string, args: readonly string[]) {
  return program.endsWith('.js')
    ? { command: process.execPath, args: [program, ...args] }
    : { command: program, args }
}
