// Consumers and producers made from a tool's flags.

import {
  ArgumentError,
  Consumer,
  type ConsumerOptions,
  type MessageHandler,
  NsqError,
  Producer,
  type ProducerOptions,
} from '@tsq/client'

import { type ClientOptions, connectionOptionsOf } from './client-options.ts'
import { connectProblem, FatalError } from './fatal-error.ts'
import { libraryLogger } from './go-log.ts'
import { userAgent } from './identity.ts'
import type { SourceOptions } from './sources.ts'

/** What nsqd will take or send is for nsqd to say; this is only what a frame can hold. */
const ANY_SIZE_BYTES = 0x4000_0000
/** Shorter than the limit on the whole stop, so that what is in hand is put back before the process ends. */
const CLOSE_TIMEOUT_MS = 25_000

interface Subject {
  readonly program: string
  readonly topic: string
  readonly channel: string
}

/**
 * Makes a consumer that is not connected yet.
 *
 * @param overrides stand over what `--consumer-opt` says; `defaults` under it.
 * @throws {FatalError} `invalid topic name`, `missing port`, and whatever else is wrong with it.
 */
export function makeConsumer(
  { program, topic, channel }: Subject,
  source: SourceOptions,
  defaults: Partial<ConsumerOptions> = {},
  overrides: Partial<ConsumerOptions> = {},
): Consumer {
  try {
    return new Consumer({
      maxFrameBytes: ANY_SIZE_BYTES,
      closeTimeoutMs: CLOSE_TIMEOUT_MS,
      ...defaults,
      ...connectionOptionsOf(source.consumerOpt),
      ...source.consumerOpt.consumer,
      topic,
      channel,
      nsqd: source.nsqdTcpAddresses,
      lookupd: source.lookupdHttpAddresses,
      maxInFlight: source.maxInFlight,
      userAgent: userAgent(program),
      logger: libraryLogger(`${topic}/${channel}`),
      ...overrides,
    })
  } catch (error) {
    throw asFatal(error)
  }
}

/**
 * Runs a consumer and waits for the first attempt at every nsqd it was given directly. It connects again by itself
 * whenever it is lost later; nsqlookupd that can't be reached are logged and asked again.
 *
 * @throws {FatalError} when one of those attempts fails: `dial tcp host:4150: connect: connection refused`.
 */
export async function startConsumer(
  consumer: Consumer,
  handler: MessageHandler,
  direct: readonly string[],
  logger = libraryLogger(`${consumer.topic}/${consumer.channel}`),
): Promise<void> {
  const wanted = new Set(direct).size
  const seen = new Set<string>()
  let isWaiting = wanted > 0
  const connected = new Promise<void>((resolve, reject) => {
    consumer.on('error', (error) => {
      const address = error instanceof NsqError ? (error.address ?? '') : ''
      if (isWaiting && !seen.has(address)) {
        isWaiting = false
        reject(new FatalError(connectProblem(address, error), { cause: error }))
      } else {
        logger.warn(error.message)
      }
    })
    consumer.on('connect', (address) => {
      seen.add(address)
      if (!isWaiting || seen.size < wanted) return
      isWaiting = false
      resolve()
    })
  })
  consumer.run(handler)
  if (isWaiting) await connected
}

/**
 * Makes a producer that connects with its first publish.
 *
 * @throws {FatalError}
 */
export function makeProducer(
  program: string,
  nsqd: string,
  given: ClientOptions,
  defaults: Partial<ProducerOptions> = {},
): Producer {
  try {
    return new Producer({
      maxMessageBytes: ANY_SIZE_BYTES,
      maxBodyBytes: ANY_SIZE_BYTES,
      ...defaults,
      ...connectionOptionsOf(given),
      nsqd,
      userAgent: userAgent(program),
      logger: libraryLogger(),
    })
  } catch (error) {
    throw asFatal(error)
  }
}

/** What is wrong with names and addresses, as NSQ words it. */
function asFatal(error: unknown): Error {
  if (error instanceof FatalError) return error
  if (!(error instanceof ArgumentError)) {
    return new FatalError(error instanceof Error ? error.message : String(error), { cause: error })
  }
  if (error.code === 'ERR_TOPIC_NAME') return new FatalError('invalid topic name', { cause: error })
  if (error.code === 'ERR_CHANNEL_NAME') {
    return new FatalError('invalid channel name', { cause: error })
  }
  const text = error.message.endsWith('missing port') ? 'missing port' : error.message
  return new FatalError(text, { cause: error })
}
