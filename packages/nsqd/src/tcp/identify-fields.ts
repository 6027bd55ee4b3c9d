// Reads an IDENTIFY body as strictly as nsqd's decoder does: what clients got away with there they get away with here.

import { ProtocolError } from '@tsq/protocol'

const INTEGER = /^-?\d+$/
/** Digits and sign that a 64-bit integer has at most. */
const LONGEST_INTEGER = 20

/** The types that fields must have. Others are not looked at. */
const TYPES: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['client_id', isText],
  ['hostname', isText],
  ['user_agent', isText],
  ['feature_negotiation', isBoolean],
  ['heartbeat_interval', isInt64],
  ['output_buffer_timeout', isInt64],
  ['output_buffer_size', isInt64],
  ['sample_rate', isInt32],
  ['msg_timeout', isInt64],
  ['tls_v1', isBoolean],
  ['snappy', isBoolean],
  ['deflate', isBoolean],
  ['deflate_level', isInt64],
  ['topology_region', isText],
  ['topology_zone', isText],
])

/** The fields of a body, each of the type that it must have; null and absent are its zero. */
export class IdentifyFields {
  /** JSON texts by name. */
  readonly #values = new Map<string, string>()

  /** @throws {ProtocolError} `E_BAD_BODY` */
  constructor(body: Buffer) {
    const text = body.toString()
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      undecodable()
    }
    if (parsed === null) return
    if (typeof parsed !== 'object' || Array.isArray(parsed)) undecodable()
    forEachMember(text, (key, value) => {
      const name = key.toLowerCase()
      const isRight = TYPES.get(name)
      // A null leaves what an earlier one of the same name said.
      if (isRight === undefined || value === 'null') return
      if (!isRight(value)) undecodable()
      this.#values.set(name, value)
    })
  }

  integer(name: string): number {
    return Number(this.#values.get(name) ?? 0)
  }

  /** The integer as it was sent, for an error's text: it may be larger than a number can say exactly. */
  digits(name: string): string {
    return this.#values.get(name) ?? '0'
  }

  text(name: string): string {
    const value: string = JSON.parse(this.#values.get(name) ?? '""')
    // Half a surrogate pair becomes a replacement character.
    return Buffer.from(value).toString()
  }

  boolean(name: string): boolean {
    return this.#values.get(name) === 'true'
  }
}

function undecodable(): never {
  throw new ProtocolError('E_BAD_BODY', 'IDENTIFY failed to decode JSON body')
}

function isText(value: string): boolean {
  return value.startsWith('"')
}

function isBoolean(value: string): boolean {
  return value === 'true' || value === 'false'
}

function isInt32(value: string): boolean {
  return isInteger(value, 32)
}

function isInt64(value: string): boolean {
  return isInteger(value, 64)
}

function isInteger(value: string, bits: number): boolean {
  // Go is as strict: 1.0 and 1e3 are no integers to it.
  if (!INTEGER.test(value) || value.length > LONGEST_INTEGER) return false
  const integer = BigInt(value)
  return BigInt.asIntN(bits, integer) === integer
}

/** Calls `visit` with key and JSON text of each member, in order. `text` is an object, and known to be valid. */
function forEachMember(text: string, visit: (key: string, value: string) => void): void {
  let at = skipSpace(text, skipSpace(text, 0) + 1)
  while (text[at] === '"') {
    const keyEnd = skipString(text, at)
    const key: string = JSON.parse(text.slice(at, keyEnd))
    // Past the colon.
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const valueEnd = skipValue(text, valueStart)
    visit(key, text.slice(valueStart, valueEnd))
    // Past the comma, or the closing brace.
    at = skipSpace(text, skipSpace(text, valueEnd) + 1)
  }
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\n\r'.includes(text[at]!)) at += 1
  return at
}

/** Behind the string that begins at `from`. */
function skipString(text: string, from: number): number {
  let at = from + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function skipValue(text: string, from: number): number {
  let depth = 0
  let at = from
  do {
    const first = text[at]
    if (first === '"') at = skipString(text, at)
    else {
      if (first === '{' || first === '[') depth += 1
      else if (first === '}' || first === ']') depth -= 1
      at += 1
    }
  } while (depth > 0 || !isValueEnd(text, from, at))
  return at
}

/** Whether a value without anything open that begins at `from` is over at `at`. */
function isValueEnd(text: string, from: number, at: number): boolean {
  const first = text[from]
  if (first === '"' || first === '{' || first === '[') return true
  return at >= text.length || ' \t\n\r,}]'.includes(text[at]!)
}
