// Makes scripts. A new feature comes in as a file of steps like the others and a line in `nextSteps`.
//
// What the reference leaves to chance stays out: two ready consumers of one channel, a sample rate with messages, a
// requeued message with others waiting. So does what it does only after seconds: timeouts and deferred messages.
import {
  answer,
  badPublish,
  type Command,
  line,
  lyingBatch,
  oddLine,
  publish,
  rdy,
  sub,
} from './differential-commands.ts'
import { httpBytes } from './differential-bytes.ts'
import * as http from './differential-http.ts'
import { auth, badAuth, briefAuth } from './differential-auth.ts'
import {
  badIdentify,
  identify,
  identifySampled,
  identifyWithoutHeartbeats,
} from './differential-identify.ts'
import { badPutOption, debug, getOption } from './differential-operating.ts'
import { Random } from '@tsq/testing'
import { type HttpStep, MAGIC, type Script, type Step } from './differential-script.ts'
import { badUpgrade, garbage, upgrade } from './differential-upgrades.ts'

const MAX_CONNECTIONS = 4
const MAX_BATCH = 6

/** What the nsqds demand: nothing, that clients authorize themselves, that they speak TLS. */
export type Demand = 'open' | 'auth' | 'tls'

/** The script with the given number; always the same one for the same seed. */
export function generate(seed: number, number: number, demand: Demand): Script {
  return new Generator(seed, number, demand).script()
}

interface Line {
  readonly on: number
  readonly clientId: string
  /** What it publishes to: always the same, because nsqd tells of only one. */
  readonly topic: string
  isSubscribed: boolean
  mayReady: boolean
  isDead: boolean
  /** TLS or compression was asked for: another IDENTIFY is a difference of its own. */
  isUpgraded: boolean
  /** What an earlier IDENTIFY said of the output buffer would go on in the reference. */
  isIdentified: boolean
}

class Generator {
  readonly #random: Random
  readonly #name: string
  readonly #demand: Demand
  readonly #steps: Step[] = []
  readonly #topics: readonly string[]
  readonly #channels = ['c', 'd.1', 'e#ephemeral']
  /** With RDY always above what waits, order does not show and messages may be requeued. */
  readonly #isFull: boolean
  readonly #lines: Line[] = []
  readonly #made = new Set<string>()
  readonly #readied = new Set<string>()
  readonly #bodies: string[] = []

  constructor(seed: number, number: number, demand: Demand) {
    this.#demand = demand
    this.#random = new Random((Math.imul(seed, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b)) >>> 0)
    this.#name = `s${seed}-${number}`
    this.#isFull = this.#random.chance(0.6)
    this.#topics = [`${this.#name}.a`, `${this.#name}_b`, `${this.#name}-c#ephemeral`]
  }

  script(): Script {
    const random = this.#random
    const count = random.between(6, 22)
    if (random.chance(0.05)) this.#strangerOpens()
    while (this.#steps.length < count) this.#add(random)
    for (const topic of this.#topics.filter((name) => this.#made.has(name))) {
      const target = `/stats?${http.topicQuery(topic)}&include_mem=false`
      this.#call(http.http('GET', `${target}&format=json`))
      this.#call(http.http('GET', target))
    }
    const via = this.#demand === 'tls' ? 'https' : 'http'
    return { name: this.#name, steps: this.#steps, topics: this.#topics, via }
  }

  #add(random: Random): void {
    const isHttp = random.chance(0.3)
    if (isHttp) this.#httpStep(random)
    else this.#tcpStep(random, this.#line(random))
  }

  #line(random: Random): Line {
    const living = this.#lines.filter((candidate) => !candidate.isDead)
    if (living.length > 0 && (this.#lines.length >= MAX_CONNECTIONS || random.chance(0.8))) {
      return random.pick(living)
    }
    const on = this.#lines.length
    const topic = random.pick(this.#topics)
    const opened: Line = {
      on,
      clientId: `${this.#name}/${on}`,
      topic,
      isSubscribed: false,
      mayReady: false,
      isDead: false,
      isUpgraded: false,
      isIdentified: false,
    }
    this.#lines.push(opened)
    this.#steps.push({ kind: 'open', on, magic: MAGIC })
    if (this.#demand === 'tls' && random.chance(0.85)) this.#upgrade(opened)
    if (this.#demand === 'auth' && random.chance(0.8)) this.#authorize(opened)
    return opened
  }

  /** Somebody who does not speak the protocol. */
  #strangerOpens(): void {
    const random = this.#random
    const magic = random.pick([
      '  V1',
      '    ',
      'GET ',
      ' V2 ',
      '\0\0\0\0',
      '  v2',
      '  V3',
      '  V2\n',
    ])
    this.#steps.push({ kind: 'open', on: 99, magic: Buffer.from(magic) })
    if (random.chance(0.5)) this.#steps.push({ kind: 'shut', on: 99 })
  }

  #tcpStep(random: Random, on: Line): void {
    const steps = on.isSubscribed ? this.#subscribedSteps(on) : this.#initialSteps(on)
    random.weighted(steps)()
  }

  #initialSteps(on: Line): [number, () => void][] {
    const random = this.#random
    return [
      [on.isUpgraded ? 0 : 4, () => this.#identify(on)],
      [on.isUpgraded ? 0 : 2, () => this.#sendFatal(on, badIdentify(random))],
      [on.isUpgraded || on.isIdentified ? 0 : 3, () => this.#upgrade(on)],
      [on.isUpgraded || on.isIdentified ? 0 : 0.4, () => this.#badUpgrade(on)],
      [on.isUpgraded ? 1 : 0, () => this.#sendFatal(on, garbage(random))],
      [on.isUpgraded ? 0 : 0.5, () => this.#sampled(on)],
      [this.#demand === 'auth' ? 2 : 0.3, () => this.#authorize(on)],
      [this.#demand === 'auth' ? 2 : 0.3, () => this.#sendFatal(on, badAuth(random, this.#name))],
      [this.#demand === 'auth' ? 0.1 : 0, () => this.#authorizeBriefly(on)],
      [8, () => this.#subscribe(on)],
      [5, () => this.#publish(on)],
      [2, () => this.#badPublish(on)],
      [1, () => this.#sendFatal(on, rdy(random, this.#isFull))],
      [1, () => this.#sendFatal(on, answer(random, undefined, true))],
      [1, () => this.#sendFatal(on, { parts: [line('CLS')], hasAnswer: true })],
      [1, () => this.#send(on, { parts: [line('NOP')], hasAnswer: false })],
      [1, () => this.#sendFatal(on, oddLine(random, on.topic))],
      [on.isUpgraded ? 0 : 1, () => this.#withoutHeartbeats(on)],
      [1, () => this.#endStep(on)],
    ]
  }

  #subscribedSteps(on: Line): [number, () => void][] {
    const random = this.#random
    const body = this.#bodies.length > 0 ? random.pick(this.#bodies.slice(-6)) : undefined
    return [
      [6, () => this.#ready(on)],
      [9, () => this.#send(on, answer(random, body, this.#isFull))],
      [6, () => this.#publish(on)],
      [1, () => this.#badPublish(on)],
      [1, () => this.#send(on, { parts: [line('CLS')], hasAnswer: true })],
      [1, () => this.#send(on, { parts: [line('NOP')], hasAnswer: false })],
      [0.5, () => this.#sendFatal(on, oddLine(random, on.topic))],
      [0.5, () => this.#sendFatal(on, sub(random, on.topic, 'c'))],
      [0.5, () => this.#sendFatal(on, identify(random, on.clientId))],
      [0.2, () => this.#sendFatal(on, auth(random, this.#name, this.#topics))],
      [on.isUpgraded ? 0.5 : 0, () => this.#sendFatal(on, garbage(random))],
      [1, () => this.#endStep(on)],
    ]
  }

  #subscribe(on: Line): void {
    const random = this.#random
    const topic = random.pick(this.#topics)
    const channel = random.pick(this.#channels)
    const command = sub(random, topic, channel)
    this.#send(on, command)
    on.isSubscribed = true
    this.#made.add(topic)
    const place = `${topic} ${channel}`
    if (this.#readied.has(place)) return
    this.#readied.add(place)
    on.mayReady = true
    if (this.#isFull) this.#send(on, rdy(random, true))
  }

  #ready(on: Line): void {
    if (on.mayReady) this.#send(on, rdy(this.#random, this.#isFull))
    else this.#send(on, { parts: [line('RDY', '0')], hasAnswer: false })
  }

  #identify(on: Line): void {
    this.#send(on, identify(this.#random, on.clientId, on.isIdentified))
    on.isIdentified = true
  }

  #upgrade(on: Line): void {
    this.#send(on, upgrade(this.#random, on.clientId, this.#demand === 'tls'))
    on.isUpgraded = true
  }

  #badUpgrade(on: Line): void {
    this.#sendFatal(on, badUpgrade(this.#random, on.clientId, this.#demand === 'tls'))
  }

  #authorize(on: Line): void {
    this.#send(on, auth(this.#random, this.#name, this.#topics))
  }

  #authorizeBriefly(on: Line): void {
    const { command, waitMs } = briefAuth(this.#random, on.clientId)
    this.#send(on, command)
    this.#publish(on)
    this.#steps.push({ kind: 'wait', ms: waitMs })
    this.#publish(on)
    this.#subscribe(on)
  }

  /** What is sampled is left to chance, so that nothing is delivered. */
  #sampled(on: Line): void {
    const random = this.#random
    this.#send(on, identifySampled(random, on.clientId))
    const [topic, channel] = [random.pick(this.#topics), random.pick(this.#channels)]
    this.#send(on, sub(random, topic, channel))
    this.#made.add(topic)
    on.isSubscribed = true
  }

  #withoutHeartbeats(on: Line): void {
    this.#send(on, identifyWithoutHeartbeats())
    this.#sendFatal(on, sub(this.#random, on.topic, 'c'))
  }

  #publish(on: Line): void {
    const random = this.#random
    const bodies = this.#newBodies()
    const command = random.chance(0.05)
      ? lyingBatch(random, on.topic, bodies)
      : publish(random, on.topic, bodies)
    this.#made.add(on.topic)
    this.#send(on, command)
  }

  #badPublish(on: Line): void {
    this.#make(on.topic)
    this.#sendFatal(on, badPublish(this.#random, on.topic))
  }

  /** The reference makes the topic even where it refuses the message. Ours does not, so it is there before. */
  #make(topic: string): void {
    const via = this.#demand === 'tls' ? 'https' : 'http'
    this.#steps.push({ ...http.http('POST', `/topic/create?${http.topicQuery(topic)}`), via })
    this.#made.add(topic)
  }

  #endStep(on: Line): void {
    if (this.#random.chance(0.5)) this.#steps.push({ kind: 'shut', on: on.on })
    else this.#steps.push({ kind: 'close', on: on.on })
    on.isDead = true
  }

  #httpStep(random: Random): void {
    const topic = random.pick(this.#topics)
    const channel = random.pick(this.#channels)
    const steps: [number, () => void][] = [
      [6, () => this.#call(http.status(random, topic, channel))],
      [5, () => this.#httpPublish(topic)],
      [3, () => this.#httpBadPublish(topic)],
      [4, () => this.#call(http.admin(random, topic, channel))],
      [2, () => this.#call(http.badAdmin(random, topic, channel))],
      [2, () => this.#call(http.stray(random))],
      [1, () => this.#call(getOption(random))],
      [1, () => this.#call(badPutOption(random))],
      [1, () => this.#call(debug(random))],
      [1, () => this.#steps.push(httpBytes(random))],
    ]
    random.weighted(steps)()
  }

  #httpPublish(topic: string): void {
    this.#made.add(topic)
    this.#call(http.publish(this.#random, topic, this.#newBodies()))
  }

  #httpBadPublish(topic: string): void {
    this.#make(topic)
    this.#call(http.badPublish(this.#random, topic))
  }

  /** Takes HTTPS where that is demanded, and now and then where it isn't. */
  #call(step: HttpStep): void {
    const random = this.#random
    const isDemanded = this.#demand === 'tls'
    const isKnown = ['GET', 'HEAD', 'POST', 'PUT'].includes(step.method)
    const via = random.weighted([
      [isDemanded ? 10 : 88, isDemanded ? 'https' : 'http'],
      [isDemanded ? 1 : 10, isDemanded ? 'http' : 'https'],
      [isKnown ? 1 : 0, 'http to https'],
    ] as const)
    this.#steps.push({ ...step, via })
  }

  #newBodies(): Buffer[] {
    const count = this.#random.chance(0.6) ? 1 : this.#random.between(1, MAX_BATCH)
    return Array.from({ length: count }, () => {
      const body = Buffer.from(`m${this.#bodies.length}${this.#padding()}`, 'latin1')
      this.#bodies.push(body.toString('latin1'))
      return body
    })
  }

  /** Any bytes but a line feed, which ends a message of a text /mpub. */
  #padding(): string {
    const random = this.#random
    if (random.chance(0.7)) return ''
    const bytes = random.bytes(random.between(1, random.chance(0.1) ? 1_000 : 30))
    return ` ${bytes.toString('latin1').replaceAll('\n', '')}`
  }

  #send(on: Line, command: Command): void {
    this.#steps.push({ kind: 'send', on: on.on, ...command })
  }

  /** Sends what most likely ends the connection. */
  #sendFatal(on: Line, command: Command): void {
    this.#send(on, command)
    if (command.isTruncated === true) this.#steps.push({ kind: 'shut', on: on.on })
    on.isDead = true
  }
}
