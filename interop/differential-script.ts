// What is done to both nsqds, as plain data: the generator makes it, the player plays it, and it prints.

/** Bytes as they are, or the id under which the connection was last delivered the message with this body. */
export type Part = Buffer | { readonly idOf: string }

export type Step =
  /** Opens a connection. The usual magic unless other bytes are given. */
  | { readonly kind: 'open'; readonly on: number; readonly magic: Buffer }
  | {
      readonly kind: 'send'
      readonly on: number
      readonly parts: readonly Part[]
      /** Something should come back: a frame, or the end of the connection. */
      readonly hasAnswer: boolean
    }
  /** Half-closes: what is sent still arrives, nothing more follows. */
  | { readonly kind: 'shut'; readonly on: number }
  | { readonly kind: 'close'; readonly on: number }
  | {
      readonly kind: 'http'
      readonly method: string
      readonly target: string
      readonly body: Buffer
      readonly isChunked: boolean
    }

export interface Script {
  readonly name: string
  readonly steps: readonly Step[]
  /** Topics that it may have made, to be deleted afterwards. */
  readonly topics: readonly string[]
}

export const MAGIC = Buffer.from('  V2')

/** One line a step, for a report. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'http':
      return `HTTP ${step.method} ${step.target}${step.isChunked ? ' chunked' : ''} ${quote(step.body)}`
    case 'open':
      return `${step.on}: open ${quote(step.magic)}`
    case 'send':
      return `${step.on}: send ${step.parts
        .map((part) => (Buffer.isBuffer(part) ? quote(part) : `<id of ${part.idOf}>`))
        .join(' ')}`
    case 'shut':
      return `${step.on}: half-close`
    case 'close':
      break
  }
  return `${step.on}: close`
}

const SHOWN_BYTES = 300

/** Bytes as a literal that can be read: Latin-1 with escapes. */
export function quote(bytes: Buffer): string {
  const shown = JSON.stringify(bytes.toString('latin1', 0, SHOWN_BYTES)).replace(
    // oxlint-disable-next-line no-control-regex -- these are what has to be made visible
    /[\x7f-\xff]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16)}`,
  )
  return bytes.length > SHOWN_BYTES ? `${shown}… (${bytes.length} bytes)` : shown
}
