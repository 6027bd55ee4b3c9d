import path from 'node:path'

import { DaemonProcess } from '../daemon-process.ts'

const BINARY = path.resolve(import.meta.dirname, '../../../packages/tsq/bin/nsqd.js')

/** What is run as nsqd: ours, or the program that TSQ_E2E_NSQD names, such as NSQ's own. */
function nsqdCommand(): readonly string[] {
  const other = process.env['TSQ_E2E_NSQD']
  return other === undefined ? [process.execPath, BINARY] : [other]
}

/** The drop-in binary on a data path, on ports of its own. */
export class NsqdProcess extends DaemonProcess {
  constructor(dataPath: string, flags: readonly string[] = []) {
    const own = [
      `--data-path=${dataPath}`,
      '--tcp-address=127.0.0.1:0',
      '--http-address=127.0.0.1:0',
      '--broadcast-address=127.0.0.1',
    ]
    super([...nsqdCommand(), ...own, ...flags])
  }
}
