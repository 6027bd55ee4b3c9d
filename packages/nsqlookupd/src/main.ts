import { runDaemon } from '@tsq/daemon'

import { Nsqlookupd } from './nsqlookupd.ts'
import { nsqlookupdOptions } from './options.ts'
import { VERSION_TEXT } from './version.ts'

/** Runs nsqlookupd for the life of the process, with the words that follow its name. */
export function main(argv: readonly string[]): Promise<void> {
  return runDaemon({
    program: 'nsqlookupd',
    table: nsqlookupdOptions,
    versionText: VERSION_TEXT,
    argv,
    start: (values, logger) => Nsqlookupd.start(values, logger),
  })
}
