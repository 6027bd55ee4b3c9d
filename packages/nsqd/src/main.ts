import { runDaemon } from '@tsq/daemon'

import { Nsqd } from './nsqd.ts'
import { nsqdOptions, nsqdRules } from './options.ts'
import { VERSION_TEXT } from './version.ts'

/** Runs nsqd for the life of the process, with the words that follow its name. */
export function main(argv: readonly string[]): Promise<void> {
  return runDaemon({
    program: 'nsqd',
    table: nsqdOptions,
    versionText: VERSION_TEXT,
    rules: nsqdRules,
    argv,
    start: async (values, logger, { stop }) => {
      const nsqd = await Nsqd.start(values, logger)
      void nsqd.drained.then(stop)
      return nsqd
    },
    onUser1: (nsqd) => nsqd.drain(),
  })
}
