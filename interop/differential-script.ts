// What is done to both nsqds, as plain data: the generator makes it, the player plays it, and it prints.

/** Bytes as they are, or the id under which the connection was last delivered the message with this body. */
export type Part = Buffer | { readonly idOf: string }

/** What the client of a connection does with the upgrades that IDENTIFY grants. */
export interface Upgrade {
  readonly tlsVersion: 'TLSv1.2' | 'TLSv1.3'
  /** The one cipher it offers. */
  readonly cipher: string
  readonly certificate: ClientCertificate
  /** Sent in the place of a TLS handshake. */
  readonly insteadOfTls: Buffer | undefined
  /** Compressed bytes are written in pieces of so many. */
  readonly pieceBytes: number
}

/** What it shows when it is asked: nothing, one signed by nsqd's authority, one by its own. */
export type ClientCertificate = 'none' | 'good' | 'stranger'

/** How a call goes: by HTTP, by HTTPS, or by HTTP to the port of HTTPS. */
export type Via = 'http' | 'https' | 'http to https'

export type Step =
  /** Opens a connection. The usual magic unless other bytes are given. */
  | { readonly kind: 'open'; readonly on: number; readonly magic: Buffer }
  | {
      readonly kind: 'send'
      readonly on: number
      readonly parts: readonly Part[]
      /** Something should come back: a frame, or the end of the connection. */
      readonly hasAnswer: boolean
      /** It is an IDENTIFY whose answer is acted upon. */
      readonly upgrade?: Upgrade
      /** Sent as it is, past compression. */
      readonly isRaw?: boolean
    }
  /** Half-closes: what is sent still arrives, nothing more follows. */
  | { readonly kind: 'shut'; readonly on: number }
  | { readonly kind: 'close'; readonly on: number }
  | { readonly kind: 'wait'; readonly ms: number }
  /** Bytes to the port of HTTP, on a connection of their own that is half-closed then. */
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | {
      readonly kind: 'http'
      readonly method: string
      readonly target: string
      readonly body: Buffer
      readonly isChunked: boolean
      readonly via: Via
    }

export type HttpStep = Step & { readonly kind: 'http' }

export interface Script {
  readonly name: string
  readonly steps: readonly Step[]
  /** Topics that it may have made, to be deleted afterwards. */
  readonly topics: readonly string[]
  /** How that can be done. */
  readonly via: Via
}

export const MAGIC = Buffer.from('  V2')

/** One line a step, for a report. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'http':
      return `${step.via.toUpperCase()} ${step.method} ${step.target}${step.isChunked ? ' chunked' : ''} ${quote(step.body)}`
    case 'open':
      return `${step.on}: open ${quote(step.magic)}`
    case 'send':
      return `${step.on}: send${step.isRaw === true ? ' raw' : ''} ${step.parts
        .map((part) => (Buffer.isBuffer(part) ? quote(part) : `<id of ${part.idOf}>`))
        .join(' ')}${step.upgrade === undefined ? '' : ` ${describeUpgrade(step.upgrade)}`}`
    case 'shut':
      return `${step.on}: half-close`
    case 'bytes':
      return `bytes to HTTP ${quote(step.bytes)}`
    case 'wait':
      return `wait ${step.ms} ms`
    case 'close':
      break
  }
  return `${step.on}: close`
}

function describeUpgrade(upgrade: Upgrade): string {
  const { tlsVersion, cipher, certificate, insteadOfTls, pieceBytes } = upgrade
  const handshake = insteadOfTls === undefined ? '' : `, but ${quote(insteadOfTls)}`
  return `(${tlsVersion} ${cipher}, certificate ${certificate}, pieces of ${pieceBytes}${handshake})`
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
