import type { DataPathLock, Logger } from '@tsq/daemon'

import type { NsqdOptions } from '../options.ts'
import { importLocked, importState, MARKER_FILE } from './import-data-path.ts'

const TELL_EVERY_MS = 5_000

/** Takes over what nsqd 1.x left on the data path, before topics are opened. */
export async function comeOver(
  lock: DataPathLock,
  { nodeId, maxBytesPerFile }: NsqdOptions,
  logger: Logger,
): Promise<void> {
  const state = importState(lock.path)
  if (state === 'changed') {
    logger.warn(`IMPORT: nsqd.dat has changed since it was imported; what is new there is not read`)
  }
  if (state !== 'wanted') return
  logger.info('IMPORT: reading the topics and queues of nsqd 1.x; its files stay as they are')
  let toldMs = performance.now()
  const report = await importLocked(lock, { nodeId, maxBytesPerFile }, (progress) => {
    if (performance.now() - toldMs < TELL_EVERY_MS) return
    toldMs = performance.now()
    const { topic, doneBytes, totalBytes } = progress
    logger.info(`IMPORT: ${Math.floor((doneBytes / totalBytes) * 100)} %, at topic ${topic}`)
  })
  for (const { name, messages, channels, unread } of report?.topics ?? []) {
    const owed = channels.map((channel) => `${channel.name} ${channel.owed}`).join(', ')
    logger.info(`IMPORT: TOPIC(${name}): ${messages} messages; channels: ${owed || 'none'}`)
    for (const { file, fromByte, toByte } of unread) {
      logger.error(`IMPORT: bytes ${fromByte}-${toByte} of ${file} hold no readable message`)
    }
  }
  for (const sentence of report?.leftOut ?? []) logger.warn(`IMPORT: ${sentence}`)
  logger.info(`IMPORT: done; ${MARKER_FILE} says so`)
}
