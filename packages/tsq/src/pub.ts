// `tsq pub`: enough to try a broker without installing anything else.

import { Producer } from '@tsq/client'
import { defineOptions, resolveOptions, text } from '@tsq/daemon'

const LIMIT_MS = 3_000

const USAGE = 'tsq pub [flags] <topic> <message>...'
const PROGRAM = 'tsq pub'

export const pubOptions = defineOptions({
  nsqdTcpAddress: text({
    flag: 'nsqd-tcp-address',
    default: '127.0.0.1:4150',
    doc: 'the nsqd to talk to',
  }),
})

/** `tsq pub <topic> <message>...`: publishes each word as a message. */
export async function pub(argv: readonly string[]): Promise<void> {
  const given = resolve(argv)
  if (given === undefined) return
  const [topic = '', ...bodies] = given.positional
  const nsqd = given.values.nsqdTcpAddress
  try {
    await publish(nsqd, topic, bodies)
  } catch (error) {
    process.stderr.write(`${PROGRAM}: ${(error as Error).message}\n`)
    process.exitCode = 1
  }
}

async function publish(nsqd: string, topic: string, bodies: readonly string[]): Promise<void> {
  await using producer = new Producer({ nsqd, queueTimeoutMs: LIMIT_MS })
  let problem = ''
  producer.on('error', (error) => {
    problem = error.message
  })
  try {
    for (const body of bodies) await producer.publish(topic, body)
  } catch (error) {
    const reason = problem === '' ? (error as Error).message : problem
    throw new Error(`${nsqd}: ${reason}; is a nsqd running there? "tsq up" starts one`, {
      cause: error,
    })
  }
}

function resolve(argv: readonly string[]) {
  const resolution = resolveOptions(pubOptions, {
    program: PROGRAM,
    argv,
    builtIn: { config: false, version: false },
  })
  if (resolution.kind === 'options' && resolution.positional.length >= 2) {
    const late = resolution.positional.find((word) => word.startsWith('--'))
    if (late === undefined) return resolution
    process.stderr.write(`${PROGRAM}: flags come first: ${USAGE}; found ${late} after them\n`)
    process.exitCode = 2
    return undefined
  }
  if (resolution.kind === 'help') {
    process.stdout.write(`Usage: ${USAGE}\n\n${resolution.text}\n`)
    return undefined
  }
  const problem = resolution.kind === 'error' ? resolution.message : `usage: ${USAGE}`
  process.stderr.write(`${problem}\n`)
  process.exitCode = 2
  return undefined
}
