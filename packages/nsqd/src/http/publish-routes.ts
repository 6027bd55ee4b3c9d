import { HttpError, type Route } from '@tsq/daemon'
import { ProtocolError, type TopicName, writeUint32 } from '@tsq/protocol'

import type { Nsqd } from '../nsqd.ts'
import type { NsqdOptions } from '../options.ts'
import { Input } from '../tcp/input.ts'
import { checkMpubCount, MpubWalk } from '../tcp/mpub-walk.ts'
import { type AckWaiter, PublishFailure, type Topic } from '../topic.ts'
import { topicParam } from './params.ts'

const SIZE_BYTES = 4
const LF = 10
const DECIMAL = /^[+-]?\d+$/

export function publishRoutes(nsqd: Nsqd): Route[] {
  const { options } = nsqd
  return [
    {
      method: 'POST',
      path: '/pub',
      quiet: true,
      maxBodyBytes: options.maxMsgSize,
      bodyTooBig: { status: 413, message: 'MSG_TOO_BIG' },
      handle: (request) => {
        const { body } = request
        if (body.length === 0) throw new HttpError(400, 'MSG_EMPTY')
        const name = topicParam(request)
        const delayMs = readDelay(request.query.get('defer'), options)
        const topic = topicFor(nsqd, name)
        return publishing(topic, () => topic.publish(body, 0, body.length, delayMs))
      },
    },
    {
      method: 'POST',
      path: '/mpub',
      quiet: true,
      maxBodyBytes: options.maxBodySize,
      bodyTooBig: { status: 413, message: 'BODY_TOO_BIG' },
      handle: (request) => {
        const name = topicParam(request)
        const binary = request.query.get('binary')
        const isText = binary === undefined || binary === 'false' || binary === '0'
        const batch = isText
          ? splitLines(request.body, options.maxMsgSize)
          : checkBinary(request.body, options)
        const topic = topicFor(nsqd, name)
        if (batch.count === 0) return 'OK'
        const bodyBytes = batch.bytes - batch.count * SIZE_BYTES
        return publishing(topic, () =>
          topic.publishMany(batch.source, batch.start, batch.count, bodyBytes),
        )
      },
    },
  ]
}

/** Messages as an MPUB body has them: size(int32) and body each, from `start` on. */
interface Batch {
  readonly source: Buffer
  readonly start: number
  readonly count: number
  /** Sizes and bodies together. */
  readonly bytes: number
}

function readDelay(text: string | undefined, options: NsqdOptions): number {
  if (text === undefined) return 0
  const value = DECIMAL.test(text) ? Number(text) : -1
  const isGood = value >= 0 && value <= options.maxReqTimeoutMs
  if (!isGood) throw new HttpError(400, 'INVALID_DEFER')
  return value
}

/** The topic, made if it is not there. Where the disk does not take it, neither is the message taken. */
function topicFor(nsqd: Nsqd, name: TopicName): Topic {
  try {
    return nsqd.topics.topic(name)
  } catch (error) {
    throw refusal(error)
  }
}

/** nsqd answers so whatever the reason; clients match on it. */
function refusal(error: unknown): unknown {
  return error instanceof PublishFailure ? new HttpError(503, 'EXITING') : error
}

/** Publishes and resolves to `OK` once the message is as safe as `--ack-after` asks for. */
function publishing(topic: Topic, publish: () => void): Promise<string> {
  try {
    publish()
  } catch (error) {
    throw refusal(error)
  }
  const position = topic.appendedPosition
  return new Promise((resolve, reject) => {
    const waiter: AckWaiter = {
      acked: () => {
        const outcome = topic.settle(position)
        if (outcome === undefined) topic.awaitAck(waiter)
        else if (outcome === '') resolve('OK')
        else reject(new HttpError(503, 'EXITING'))
      },
    }
    topic.awaitAck(waiter)
  })
}

/** A message a line; empty lines are skipped, a CR stays. */
function splitLines(body: Buffer, maxMsgSize: number): Batch {
  const source = Buffer.allocUnsafe(countLines(body) * SIZE_BYTES + body.length)
  let count = 0
  let target = 0
  let start = 0
  while (start < body.length) {
    const found = body.indexOf(LF, start)
    const end = found === -1 ? body.length : found
    if (end - start > maxMsgSize) throw new HttpError(413, 'MSG_TOO_BIG')
    if (end > start) {
      writeUint32(source, target, end - start)
      body.copy(source, target + SIZE_BYTES, start, end)
      target += SIZE_BYTES + end - start
      count += 1
    }
    start = end + 1
  }
  return { source, start: 0, count, bytes: target }
}

function countLines(body: Buffer): number {
  let lines = 1
  for (let at = body.indexOf(LF); at !== -1; at = body.indexOf(LF, at + 1)) lines += 1
  return lines
}

/** The body of an MPUB command without its outer size. What is wrong with it is always 413, as clients of nsqd expect. */
function checkBinary(body: Buffer, options: NsqdOptions): Batch {
  const input = new Input()
  input.bytes = body
  input.end = body.length
  input.isEnded = true
  try {
    if (body.length < SIZE_BYTES) throw new ProtocolError('E_BAD_BODY', 'no message count')
    const count = body.readInt32BE(0)
    checkMpubCount(count, options.maxBodySize)
    const walk = new MpubWalk()
    walk.begin(SIZE_BYTES, count)
    walk.walk(input, options.maxMsgSize)
    return { source: body, start: SIZE_BYTES, count, bytes: walk.offset - SIZE_BYTES }
  } catch (error) {
    if (error instanceof ProtocolError) throw new HttpError(413, error.code.slice(2))
    throw error
  }
}
