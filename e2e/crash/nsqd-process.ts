import path from 'node:path'

import { DaemonProcess } from '../daemon-process.ts'

const BINARY = path.resolve(import.meta.dirname, '../../../packages/tsq/bin/nsqd.js')

/** The drop-in binary on a data path, on ports of its own. */
export class NsqdProcess extends DaemonProcess {
  constructor(dataPath: string, flags: readonly string[] = []) {
    const own = [
      `--data-path=${dataPath}`,
      '--tcp-address=127.0.0.1:0',
      '--http-address=127.0.0.1:0',
      '--broadcast-address=127.0.0.1',
    ]
    super([process.execPath, BINARY, ...own, ...flags])
  }
}
