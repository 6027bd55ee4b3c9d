// A log written batch by batch, with where in its file each batch ends: what recovery tests cut and wound.

import type { NsqdOptions } from '../../src/options.ts'
import { Broker, CHANNEL, drain, filesOf, freshFiles, TOPIC } from './broker.ts'
import type { MemoryFiles } from './memory-files.ts'

export interface WrittenBatch {
  readonly bodies: readonly string[]
  readonly file: string
  readonly fromByte: number
  readonly toByte: number
}

export interface WrittenLog {
  /** As a kill leaves them. */
  readonly files: MemoryFiles
  readonly batches: readonly WrittenBatch[]
  /** Every id that was handed out, by body. */
  readonly ids: ReadonlyMap<string, string>
}

type Publish = (broker: Broker) => readonly string[]

const single =
  (body: string): Publish =>
  (broker) =>
    broker.publish(TOPIC, body).bodies
const many =
  (bodies: readonly string[]): Publish =>
  (broker) =>
    broker.publishMany(TOPIC, bodies).bodies
const deferred =
  (body: string): Publish =>
  (broker) =>
    broker.publish(TOPIC, body, 5_000).bodies

/** One batch each. */
const PUBLISHES: readonly Publish[] = [
  single('first'),
  many(['second', 'third', 'fourth']),
  single('fifth '.repeat(30)),
  deferred('sixth, later'),
  many(['seventh', 'eighth']),
  single('ninth'),
  deferred('tenth, later'),
  many(['eleventh', 'twelfth', 'thirteenth', 'fourteenth']),
  single('x'),
]

/** Writes the batches into one topic whose only channel has delivered nothing, then kills the broker. */
export function writeLog(options: Partial<NsqdOptions> = {}): WrittenLog {
  const files = freshFiles()
  const broker = new Broker(files, options)
  broker.channel(TOPIC, CHANNEL)
  const batches: WrittenBatch[] = []
  for (const publish of PUBLISHES) {
    const before = sizes(files)
    const bodies = publish(broker)
    broker.run()
    for (const [file, toByte] of sizes(files)) {
      const fromByte = before.get(file) ?? 0
      if (toByte > fromByte) batches.push({ bodies, file, fromByte, toByte })
    }
  }
  const ids = new Map<string, string>()
  const left = files.clone()
  for (const { id, body } of drain(broker, TOPIC, CHANNEL)) ids.set(body, id)
  return { files: left, batches, ids }
}

function sizes(files: MemoryFiles): Map<string, number> {
  return new Map(filesOf(files, '.log').map((file) => [file, files.readWhole(file)!.length]))
}
