// What every client is asked to do: which messages to publish, how, and how to answer them. The
// programs in go/, python/ and nsqjs/ only carry it out, so the rules stand here and nowhere else.
import { randomBytes } from 'node:crypto'

const ROUNDS = 20
const DPUBS = 20
const PUBS = 100
const MPUBS = 4
const MPUB_MESSAGES = 95
const DPUB_DELAY_MS = 300
const REQUEUE_DELAY_MS = 250

/** More than the longest read of any client's socket. */
const LARGE_BODY_BYTES = 100_000

/** What a consumer does with a message at its first delivery; later ones it finishes. */
type Action =
  | 'finish'
  /** REQ with `delayMs`, which may be 0. */
  | 'requeue'
  /** No answer, so that nsqd times it out; a FIN when all else is done, which nsqd must refuse. */
  | 'leave'
  /** TOUCH at `touchAfterMs`, FIN at `finishTouchedAfterMs`, well past the message timeout. */
  | 'touch'

interface PlannedMessage {
  /** Base64 of the message's number, a line feed, and random bytes. */
  readonly body: string
  readonly action: Action
  readonly delayMs: number
}

interface Publication {
  readonly command: 'PUB' | 'MPUB' | 'DPUB'
  /** Number of the first message and how many: more than one for MPUB only. */
  readonly first: number
  readonly count: number
  readonly delayMs: number
}

export interface Plan {
  readonly channels: readonly { readonly name: string; readonly consumers: number }[]
  readonly maxInFlight: number
  readonly msgTimeoutMs: number
  readonly touchAfterMs: readonly number[]
  readonly finishTouchedAfterMs: number
  readonly messages: readonly PlannedMessage[]
  readonly publications: readonly Publication[]
}

/** 10,000 messages in 20 rounds of DPUBs, PUBs and MPUBs, to a channel alone and a shared one. */
export function makePlan(): Plan {
  const publications: Publication[] = []
  let total = 0
  const add = (command: Publication['command'], count: number, delayMs: number): void => {
    publications.push({ command, first: total, count, delayMs })
    total += count
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < DPUBS; i++) add('DPUB', 1, DPUB_DELAY_MS)
    for (let i = 0; i < PUBS; i++) add('PUB', 1, 0)
    for (let i = 0; i < MPUBS; i++) add('MPUB', MPUB_MESSAGES, 0)
  }
  return {
    channels: [
      { name: 'alone', consumers: 1 },
      { name: 'shared', consumers: 2 },
    ],
    maxInFlight: 250,
    msgTimeoutMs: 1000,
    touchAfterMs: [500, 1000],
    finishTouchedAfterMs: 1400,
    messages: Array.from({ length: total }, (_, n) => planMessage(n)),
    publications,
  }
}

function planMessage(n: number): PlannedMessage {
  const padding = randomBytes(n % 1000 === 500 ? LARGE_BODY_BYTES : (n * 7) % 400)
  const body = Buffer.concat([Buffer.from(`${n}\n`), padding]).toString('base64')
  if (n % 50 === 7) return { body, action: 'requeue', delayMs: 0 }
  if (n % 50 === 19) return { body, action: 'requeue', delayMs: REQUEUE_DELAY_MS }
  if (n % 100 === 31) return { body, action: 'leave', delayMs: 0 }
  if (n % 100 === 43) return { body, action: 'touch', delayMs: 0 }
  return { body, action: 'finish', delayMs: 0 }
}

export function countActions(plan: Plan, action: Action): number {
  return plan.messages.filter((message) => message.action === action).length
}

export function countPublished(plan: Plan, command: Publication['command']): number {
  return plan.publications
    .filter((publication) => publication.command === command)
    .reduce((sum, publication) => sum + publication.count, 0)
}

export function countBodyBytes(plan: Plan): number {
  return plan.messages.reduce((sum, { body }) => sum + Buffer.byteLength(body, 'base64'), 0)
}
