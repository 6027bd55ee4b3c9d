import { mkdirSync } from 'node:fs'
import path from 'node:path'

import { runDaemon, StartupError } from '@tsq/daemon'
import { Nsqd, nsqdOptions, nsqdRules, VERSION_TEXT } from '@tsq/nsqd'

const DATA_FOLDER = 'tsq-data'

/** `tsq start`: a nsqd whose data folder is made if need be, and two lines to try it with. */
export function start(argv: readonly string[]): Promise<void> {
  return runDaemon({
    program: 'nsqd',
    table: nsqdOptions,
    versionText: VERSION_TEXT,
    rules: nsqdRules,
    argv,
    start: async (values, logger, { stop }) => {
      const dataPath = path.resolve(values.dataPath === '' ? DATA_FOLDER : values.dataPath)
      makeFolder(dataPath)
      const nsqd = await Nsqd.start({ ...values, dataPath }, logger)
      void nsqd.drained.then(stop)
      process.stdout.write(welcome(nsqd, dataPath))
      return nsqd
    },
    onUser1: (nsqd) => nsqd.drain(),
  })
}

function makeFolder(dataPath: string): void {
  try {
    mkdirSync(dataPath, { recursive: true })
  } catch (error) {
    throw new StartupError(`cannot make the data folder ${dataPath}: ${(error as Error).message}`)
  }
}

function welcome(nsqd: Nsqd, dataPath: string): string {
  const tcp = local(nsqd.tcpAddress)
  const at = tcp === '127.0.0.1:4150' ? '' : ` --nsqd-tcp-address=${tcp}`
  const lines = [
    'nsqd is up',
    `  clients  ${tcp}`,
    ...(nsqd.httpAddress === '' ? [] : [`  HTTP     http://${local(nsqd.httpAddress)}`]),
    `  data     ${dataPath}`,
    '',
    'From another terminal, consume and publish:',
    `  npx tsq tail${at} greetings`,
    `  npx tsq pub${at} greetings "hello world"`,
    '',
    'Ctrl-C stops it; what was published stays.',
  ]
  return `\n${lines.join('\n')}\n\n`
}

/** An address this machine can connect to. */
function local(address: string): string {
  return address.replace(/^(0\.0\.0\.0|\[::\]):/, '127.0.0.1:')
}
