// Which messages nsq_to_nsq passes on, and what of them.

import { encodeGoJson } from './go-json.ts'

export interface FilterSettings {
  /** Empty for no condition. */
  readonly requireField: string
  /** Empty for any value. */
  readonly requireValue: string
  /** Top-level keys to pass on; empty for the whole message. */
  readonly whitelist: readonly string[]
}

export type Verdict =
  | { readonly kind: 'forward'; readonly body: Uint8Array }
  /** Not wanted: done with. */
  | { readonly kind: 'drop' }
  /** Not a JSON object: done with, but worth a word. */
  | { readonly kind: 'undecodable' }
  /** A value was required of a field that is not there. */
  | { readonly kind: 'missing' }

type JsonObject = Readonly<Record<string, unknown>>

const DROP: Verdict = { kind: 'drop' }
const UNDECODABLE: Verdict = { kind: 'undecodable' }

/** Whether there is anything to look into a message for. */
export function isFiltering({ requireField, whitelist }: FilterSettings): boolean {
  return requireField !== '' || whitelist.length > 0
}

/** @param body borrowed, and given back as it is where the whole message is passed on. */
export function judge(body: Uint8Array, settings: FilterSettings): Verdict {
  const object = decode(body)
  if (object === undefined) return UNDECODABLE
  const { requireField, requireValue, whitelist } = settings
  if (requireField !== '') {
    if (!Object.hasOwn(object, requireField)) {
      return requireValue === '' ? DROP : { kind: 'missing' }
    }
    if (requireValue !== '' && !isEqual(object[requireField], requireValue)) return DROP
  }
  if (whitelist.length === 0) return { kind: 'forward', body }
  const listed = whitelist.filter((key) => Object.hasOwn(object, key))
  const picked = Object.fromEntries(listed.map((key) => [key, object[key]]))
  const text = encodeGoJson(picked)
  return text === undefined ? UNDECODABLE : { kind: 'forward', body: Buffer.from(text) }
}

/** An object; `null` counts as an empty one. */
function decode(body: Uint8Array): JsonObject | undefined {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'))
  } catch {
    return undefined
  }
  if (value === null) return {}
  return isObject(value) ? value : undefined
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Text against text, number against number; anything else is equal to nothing. */
function isEqual(value: unknown, wanted: string): boolean {
  if (typeof value === 'string') return value === wanted
  return typeof value === 'number' && isNumber(wanted) && value === Number(wanted)
}

function isNumber(text: string): boolean {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)
}
