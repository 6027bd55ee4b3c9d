// Writes a data path as nsqd 1.x leaves it.

import { writeFileSync } from 'node:fs'
import path from 'node:path'

export interface OldMessage {
  readonly id: string
  readonly body: string
  readonly timestampNs?: bigint
  readonly attempts?: number
}

const FIRST_NS = 1_700_000_000_000_000_000n

/** A message whose id and time follow from a number. */
export function oldMessage(number: number, attempts = 0): OldMessage {
  const id = number.toString(16).padStart(16, '0')
  return {
    id,
    body: `body ${number}`,
    timestampNs: FIRST_NS + BigInt(number) * 1_000_000n,
    attempts,
  }
}

export function oldRecord(message: OldMessage): Buffer {
  const { id, body, timestampNs = FIRST_NS, attempts = 0 } = message
  const header = Buffer.alloc(30)
  header.writeInt32BE(26 + Buffer.byteLength(body), 0)
  header.writeBigInt64BE(timestampNs, 4)
  header.writeUInt16BE(attempts, 12)
  header.write(id, 14, 'latin1')
  return Buffer.concat([header, Buffer.from(body)])
}

export function oldRecords(messages: readonly OldMessage[]): Buffer {
  return Buffer.concat(messages.map(oldRecord))
}

export interface OldTopicEntry {
  readonly name: string
  readonly paused?: boolean
  readonly channels?: readonly { readonly name: string; readonly paused?: boolean }[] | null
}

export function writeMetadata(dataPath: string, topics: readonly OldTopicEntry[] | null): void {
  const content = JSON.stringify({ topics, version: '1.3.0' })
  writeFileSync(path.join(dataPath, 'nsqd.dat'), content, { mode: 0o600 })
}

/** Writes a data file, and the queue's meta file with it unless `meta` is null. */
export function writeQueue(
  dataPath: string,
  base: string,
  files: Readonly<Record<string, Uint8Array>>,
  meta: string | null = '0\n0,0\n0,0\n',
): void {
  for (const [suffix, content] of Object.entries(files)) {
    writeFileSync(path.join(dataPath, `${base}.diskqueue.${suffix}`), content)
  }
  if (meta !== null) writeFileSync(path.join(dataPath, `${base}.diskqueue.meta.dat`), meta)
}
