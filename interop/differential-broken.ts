import { answer, line, oddLine, publish } from './differential-commands.ts'
import * as http from './differential-http.ts'
import { badIdentify, identify } from './differential-identify.ts'
import { badName } from './differential-names.ts'
import { Random } from '@tsq/testing'
import { MAGIC, type Script, type Step } from './differential-script.ts'

/** A script of broken bytes: good commands with bytes changed, cut out and doubled, sent in pieces. */
export function generateBroken(seed: number, number: number): Script {
  const random = new Random((Math.imul(seed, 0x27d4eb2f) ^ Math.imul(number, 0x165667b1)) >>> 0)
  const name = `b${seed}-${number}`
  const topics = [`${name}.a`]
  const steps: Step[] = topics.map((topic) =>
    http.http('POST', `/topic/create?${http.topicQuery(topic)}`),
  )
  const commands = Array.from({ length: random.between(1, 4) }, () =>
    random.pick([
      () => identify(random, name),
      () => badIdentify(random),
      () => publish(random, `${name}.a`, [Buffer.from('one')]),
      () => publish(random, `${name}.a`, [Buffer.from('one'), Buffer.from('two')]),
      () => ({ parts: [line('PUB', badName(random))], hasAnswer: true }),
      () => oddLine(random, `${name}.a`),
      () => answer(random, undefined, true),
    ])(),
  )
  const bytes = commands.flatMap(({ parts }) =>
    parts.flatMap((part) => (Buffer.isBuffer(part) ? [part] : [])),
  )
  const broken = damage(random, Buffer.concat(bytes))
  steps.push({ kind: 'open', on: 0, magic: MAGIC })
  for (let at = 0; at < broken.length;) {
    const end = random.chance(0.5) ? broken.length : at + random.between(1, broken.length)
    const parts = [broken.subarray(at, end)]
    steps.push({ kind: 'send', on: 0, parts, hasAnswer: false })
    at = end
  }
  steps.push({ kind: 'shut', on: 0 })
  return { name, steps, topics, via: 'http' }
}

function damage(random: Random, bytes: Buffer): Buffer {
  let damaged = Buffer.from(bytes)
  const count = random.between(0, 3)
  for (let i = 0; i < count && damaged.length > 2; i++) {
    const at = random.between(0, damaged.length - 1)
    const end = Math.min(damaged.length, at + random.between(1, 6))
    const [before, between, after] = [
      damaged.subarray(0, at),
      damaged.subarray(at, end),
      damaged.subarray(end),
    ]
    damaged = Buffer.concat(
      random.pick([
        [before, after],
        [before, between, between, after],
        [before, random.bytes(between.length), after],
        [before, random.bytes(2), between, after],
      ]),
    )
  }
  return damaged
}
