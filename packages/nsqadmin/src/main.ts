import { runDaemon } from '@tsq/daemon'

import { hashPasswordCommand } from './auth/hash-password.ts'
import { Nsqadmin } from './nsqadmin.ts'
import { nsqadminOptions, nsqadminRules } from './options.ts'
import { VERSION_TEXT } from './version.ts'

/** Runs nsqadmin for the life of the process, or `hash-password`, with the words that follow its name. */
export async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === 'hash-password') {
    await hashPasswordCommand(argv.slice(1))
    return
  }
  await runDaemon({
    program: 'nsqadmin',
    table: nsqadminOptions,
    rules: nsqadminRules,
    versionText: VERSION_TEXT,
    argv,
    start: (values, logger) => Nsqadmin.start(values, logger),
  })
}
