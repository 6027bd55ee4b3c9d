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
    start: async (values, logger, { positional, stop }) => {
      if (positional.length > 0) {
        // As in Go, flags end at the first word that is none; an operator should know what was not read.
        logger.warn(`ignored: ${positional.join(' ')} (values are written --flag=value)`)
      }
      const nsqd = await Nsqd.start(values, logger)
      void nsqd.drained.then(stop)
      return nsqd
    },
    onUser1: (nsqd) => nsqd.drain(),
  })
}
