import path from 'node:path'

/** Which nsqd and nsqlookupd the client is held against. */
export interface Programs {
  readonly name: string
  /** Program and leading arguments. */
  readonly nsqd: readonly string[]
  readonly nsqlookupd: readonly string[]
  /** Whether what it answered `OK` to is there after a SIGKILL. nsqd 1.3.0 promises that of none. */
  readonly keepsAcknowledged: boolean
}

const BIN = path.resolve(import.meta.dirname, '../../../packages/tsq/bin')

export const ours: Programs = {
  name: 'our nsqd',
  nsqd: [process.execPath, path.join(BIN, 'nsqd.js')],
  nsqlookupd: [process.execPath, path.join(BIN, 'nsqlookupd.js')],
  keepsAcknowledged: true,
}
