// `tsq pub` and `tsq tail`: enough to try a broker without installing anything else.

import { randomBytes } from 'node:crypto'

import { Consumer, Producer } from '@tsq/client'
import { defineOptions, integer, type OptionTable, resolveOptions, text } from '@tsq/daemon'

const PUB_LIMIT_MS = 3_000

const nsqdTcpAddress = text({
  flag: 'nsqd-tcp-address',
  default: '127.0.0.1:4150',
  doc: 'the nsqd to talk to',
})

const pubOptions = defineOptions({ nsqdTcpAddress })

const tailOptions = defineOptions({
  nsqdTcpAddress,
  count: integer({
    flag: 'n',
    default: 0,
    min: 0,
    doc: 'stop after so many messages; 0 for never',
  }),
})

/** `tsq pub <topic> <message>...`: publishes each word as a message. */
export async function pub(argv: readonly string[]): Promise<void> {
  const given = resolve(pubOptions, 'tsq pub [flags] <topic> <message>...', argv, 2)
  if (given === undefined) return
  const [topic, ...bodies] = given.positional
  await report('pub', async () => {
    const nsqd = given.values.nsqdTcpAddress
    await using producer = new Producer({ nsqd, queueTimeoutMs: PUB_LIMIT_MS })
    let problem = ''
    producer.on('error', (error) => {
      problem = error.message
    })
    try {
      for (const body of bodies) await producer.publish(topic!, body)
    } catch (error) {
      const reason = problem === '' ? (error as Error).message : problem
      throw new Error(`${nsqd}: ${reason}; is a nsqd running there? "tsq up" starts one`, {
        cause: error,
      })
    }
  })
}

/**
 * `tsq tail <topic>`: prints what is published to a topic, a message a line. To a topic without channels it is the first
 * one, and so gets what waits there.
 */
export async function tail(argv: readonly string[]): Promise<void> {
  const given = resolve(tailOptions, 'tsq tail [flags] <topic>', argv, 1)
  if (given === undefined) return
  const { nsqdTcpAddress: nsqd, count } = given.values
  await report('tail', async () => {
    const consumer = new Consumer({
      topic: given.positional[0]!,
      // Goes with its consumer: nothing is held back for a tail that ended.
      channel: `tail-${randomBytes(4).toString('hex')}#ephemeral`,
      nsqd: [nsqd],
      maxInFlight: 200,
    })
    consumer.on('error', (error) => process.stderr.write(`tsq tail: ${error.message}\n`))
    process.once('SIGINT', () => void consumer.close())
    process.once('SIGTERM', () => void consumer.close())
    let left = count
    for await (const message of consumer) {
      process.stdout.write(`${message.body.toString()}\n`)
      message.finish()
      left -= 1
      if (left === 0) break
    }
  })
}

function resolve<T extends OptionTable>(
  table: T,
  usage: string,
  argv: readonly string[],
  fewest: number,
) {
  const program = usage.split(' ').slice(0, 2).join(' ')
  const resolution = resolveOptions(table, {
    program,
    argv,
    builtIn: { config: false, version: false },
  })
  if (resolution.kind === 'options' && resolution.positional.length >= fewest) {
    const late = resolution.positional.find((word) => word.startsWith('--'))
    if (late === undefined) return resolution
    process.stderr.write(`${program}: flags come first: ${usage}; found ${late} after them\n`)
    process.exitCode = 2
    return undefined
  }
  if (resolution.kind === 'help') {
    process.stdout.write(`Usage: ${usage}\n\n${resolution.text}\n`)
    return undefined
  }
  const problem = resolution.kind === 'error' ? resolution.message : `usage: ${usage}`
  process.stderr.write(`${problem}\n`)
  process.exitCode = 2
  return undefined
}

/** Runs it; a failure becomes one sentence and exit code 1. */
async function report(command: string, run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    process.stderr.write(`tsq ${command}: ${(error as Error).message}\n`)
    process.exitCode = 1
  }
}
