import { goJson } from '@tsq/daemon'

/**
 * What JSON.parse gave, as Go's encoder writes it: no spaces, and the keys of every level in the order of their bytes,
 * which an object of ours can't have when keys look like numbers. Undefined for what JSON can't say, which is a number
 * beyond all bounds, or for what is nested too deeply.
 */
export function encodeGoJson(value: unknown): string | undefined {
  try {
    return encode(value)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function encode(value: unknown): string {
  if (typeof value === 'string') return encodeText(value)
  if (typeof value === 'number') return encodeNumber(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `[${value.map(encode).join(',')}]`
  const members = Object.entries(value)
    .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([key, member]) => `${encodeText(key)}:${encode(member)}`)
  return `{${members.join(',')}}`
}

/** Half of a surrogate pair is no character. */
function encodeText(text: string): string {
  return goJson(text.replaceAll(/\p{Surrogate}/gu, '\uFFFD'))
}

function encodeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} is no JSON`)
  return String(value)
}
