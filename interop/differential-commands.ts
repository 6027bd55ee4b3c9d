// The TCP commands of the scripts: what a client may send, right and wrong.
import { badName, oddNumber, withoutSeparators } from './differential-names.ts'
import type { Random } from '@tsq/testing'
import type { Part, Upgrade } from './differential-script.ts'
import { MAX_BODY_SIZE, MAX_MSG_SIZE } from './differential-limits.ts'

/** What to send, and whether something must come back however the connection stands. */
export interface Command {
  readonly parts: readonly Part[]
  readonly hasAnswer: boolean
  /** The body is cut off: the connection must be half-closed to be answered. */
  readonly isTruncated?: boolean
  /** It is an IDENTIFY, and the client goes along with what is granted. */
  readonly upgrade?: Upgrade
  /** Sent past compression. */
  readonly isRaw?: boolean
}

export function line(...tokens: readonly (string | Buffer)[]): Buffer {
  const pieces: Buffer[] = []
  for (const [i, token] of tokens.entries()) {
    if (i > 0) pieces.push(Buffer.from(' '))
    pieces.push(Buffer.isBuffer(token) ? token : Buffer.from(token, 'latin1'))
  }
  pieces.push(Buffer.from('\n'))
  return Buffer.concat(pieces)
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value | 0)
  return bytes
}

export function sized(body: Buffer): Buffer {
  return Buffer.concat([int32(body.length), body])
}

/** An MPUB body: count, then each message with its size. */
export function batch(bodies: readonly Buffer[]): Buffer {
  return Buffer.concat([int32(bodies.length), ...bodies.map(sized)])
}

/** A line with something odd in its form; the command itself may be good. */
export function oddLine(random: Random, topic: string): Command {
  const bytes = random.pick([
    () => Buffer.from('\n'),
    () => Buffer.from('\r\n'),
    () => Buffer.from(' \n'),
    () => Buffer.from('NOP\r\n'),
    () => Buffer.from('NOP\r\r\n'),
    () => Buffer.from('NOP  a  b\n'),
    () => Buffer.from('nop\n'),
    () => Buffer.from(' NOP\n'),
    () => Buffer.from('NOPE\n'),
    () => Buffer.from('FIN\n'),
    () => Buffer.from('PUB\n'),
    () => Buffer.from(`PUB  ${topic}\n`),
    () => Buffer.from(`SUB  ${topic} c\n`),
    () => Buffer.from(`SUB ${topic}\r\n`),
    () => Buffer.from(`NOP ${'x '.repeat(40)}\n`),
    () => Buffer.from(`NOP ${'z'.repeat(16_384 - 5)}\n`),
    () => Buffer.from(`NOP ${'z'.repeat(16_384 - 4)}\n`),
    () => Buffer.from('q'.repeat(20_000)),
    () => line(withoutSeparators(random.bytes(random.between(1, 20)))),
  ])()
  return { parts: [bytes], hasAnswer: !bytes.toString('latin1').startsWith('NOP') }
}

export function sub(random: Random, topic: string, channel: string): Command {
  const bytes = random.weighted([
    [12, () => line('SUB', topic, channel)],
    [1, () => line('SUB', topic, channel, 'more')],
    [1, () => line('SUB')],
    [1, () => line('SUB', topic)],
    [1, () => line('SUB', badName(random), channel)],
    [1, () => line('SUB', topic, badName(random))],
  ])()
  return { parts: [bytes], hasAnswer: true }
}

export function rdy(random: Random, isFull: boolean): Command {
  const full = ['100', '100', '50', '0100']
  const good = isFull ? full : ['0', '1', '2', '5', '', ...full]
  const bytes = random.weighted([
    [12, () => line('RDY', random.pick(good))],
    [isFull ? 0 : 1, () => line('RDY')],
    [1, () => line('RDY', random.pick(['101', '2500', '-1', 'x', '+1', oddNumber(random)]))],
  ])()
  return { parts: [bytes], hasAnswer: false }
}

/** FIN, REQ or TOUCH of the message with the given body, or of none. */
export function answer(random: Random, body: string | undefined, mayRequeue: boolean): Command {
  const name = random.pick(mayRequeue ? ['FIN', 'FIN', 'REQ', 'TOUCH'] : ['FIN', 'FIN', 'TOUCH'])
  const id: Part =
    body !== undefined && random.chance(0.85)
      ? { idOf: body }
      : random.weighted([
          [6, Buffer.from('0123456789abcdef')],
          [1, Buffer.from('0123456789ABCDEF')],
          [1, Buffer.from('0123456789abcde')],
          [1, Buffer.from('0123456789abcdef0')],
          [1, Buffer.from('\xff\x00"\\\xe9xyzxyzxyzx', 'latin1')],
          [1, Buffer.alloc(0)],
        ])
  const delay = random.weighted([
    [5, '0'],
    [5, '3600000'],
    [1, '3600001'],
    [1, oddNumber(random)],
  ])
  const rest = name === 'REQ' && random.chance(0.95) ? ` ${delay}\n` : '\n'
  return {
    parts: [Buffer.from(`${name} `), id, Buffer.from(rest, 'latin1')],
    hasAnswer: false,
  }
}

/** PUB, MPUB or DPUB of the bodies, in good order. */
export function publish(random: Random, topic: string, bodies: readonly Buffer[]): Command {
  const [first] = bodies
  if (bodies.length !== 1 || first === undefined) {
    return { parts: [line('MPUB', topic), sized(batch(bodies))], hasAnswer: true }
  }
  const head = random.weighted([
    [5, () => line('PUB', topic)],
    [1, () => line('PUB', topic, 'ignored', '')],
    [1, () => line('DPUB', topic, '0')],
    [1, () => line('DPUB', topic, '')],
    [2, () => line('DPUB', topic, '3600000')],
  ])()
  return { parts: [head, sized(first)], hasAnswer: true }
}

/** A publish that must be refused, to a topic that is there already. */
export function badPublish(random: Random, topic: string): Command {
  const body = Buffer.from('body')
  const count = Math.floor((MAX_BODY_SIZE - 4) / 5)
  const single = random.pick(['PUB', 'DPUB'])
  const head = single === 'PUB' ? line('PUB', topic) : line('DPUB', topic, '10')
  const mpub = line('MPUB', topic)
  return random.pick([
    () => whole(line(single)),
    () => whole(line('DPUB', topic)),
    () => whole(line(single, badName(random), '1'), sized(body)),
    () => whole(line('DPUB', topic, random.pick(['x', '-1', '3600001', '1.0'])), sized(body)),
    () => whole(line('DPUB', topic, random.pick(['99999999', '\xfe', '+5'])), sized(body)),
    () => whole(head, int32(random.pick([0, -1, -2_147_483_648]))),
    () => whole(head, int32(random.pick([MAX_MSG_SIZE + 1, 2_147_483_647]))),
    () => cut(head),
    () => cut(head, int32(8).subarray(0, random.between(1, 3))),
    () => cut(head, int32(random.between(1, 9))),
    () => cut(head, int32(9), body),
    () => whole(line('MPUB')),
    () => whole(mpub, int32(random.pick([0, -1, MAX_BODY_SIZE + 1, 2_147_483_647]))),
    () => whole(mpub, int32(100), int32(random.pick([0, -1, count + 1, 2_147_483_647]))),
    () => whole(mpub, int32(100), int32(2), sized(body), int32(random.pick([0, -7]))),
    () => whole(mpub, int32(100), int32(2), sized(body), int32(MAX_MSG_SIZE + 1)),
    () => cut(mpub),
    () => cut(mpub, int32(8).subarray(0, random.between(1, 3))),
    () => cut(mpub, int32(100)),
    () => cut(mpub, int32(100), int32(2).subarray(0, random.between(1, 3))),
    () => cut(mpub, int32(100), int32(2), sized(body)),
    () => cut(mpub, int32(100), int32(2), sized(body), int32(4).subarray(0, 3)),
    () => cut(mpub, int32(100), int32(2), sized(body), int32(9), body),
  ])()
}

function whole(...parts: readonly Buffer[]): Command {
  return { parts, hasAnswer: true }
}

function cut(...parts: readonly Buffer[]): Command {
  return { parts, hasAnswer: false, isTruncated: true }
}

/** An MPUB whose declared size is not that of its messages; nsqd goes by count and sizes. */
export function lyingBatch(random: Random, topic: string, bodies: readonly Buffer[]): Command {
  const declared = random.pick([1, 4, 8, 8_000])
  return { parts: [line('MPUB', topic), int32(declared), batch(bodies)], hasAnswer: true }
}
