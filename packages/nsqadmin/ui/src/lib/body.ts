// Message bodies: bytes that may be JSON, text, or neither.

export type BodyFormat = 'json' | 'text' | 'hex'

/** @throws {DOMException} when it is not base64 */
export function decodeBase64(text: string): Uint8Array {
  const binary = atob(text)
  return Uint8Array.from(binary, (character) => character.codePointAt(0)!)
}

/** The bytes as text, or undefined when they are not UTF-8 or hold control characters. A cut last character is left out. */
export function decodeText(bytes: Uint8Array, isTruncated: boolean): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isTruncated })
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    return /[\u0000-\u0008\u000E-\u001F\u007F]/.test(text) ? undefined : text
  } catch {
    return undefined
  }
}

/** Indented JSON, or undefined where the text is none. A bare number or word is shown as text. */
export function prettyJson(text: string): string | undefined {
  const start = text.trimStart()[0]
  if (start !== '{' && start !== '[') return undefined
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2)
  } catch {
    return undefined
  }
}

/** `00000000  48 65 6c 6c 6f …  |Hello…|`, 16 bytes a line */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)]
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const ascii = row
      .map((byte) => (byte >= 32 && byte < 127 ? String.fromCodePoint(byte) : '.'))
      .join('')
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(47)}  |${ascii}|`)
  }
  return lines.join('\n')
}

export interface Body {
  readonly bytes: Uint8Array
  /** The formats it can be shown in, best first. */
  readonly formats: readonly BodyFormat[]
  readonly text: string | undefined
  readonly json: string | undefined
}

export function readBody(base64: string, isTruncated: boolean): Body {
  const bytes = decodeBase64(base64)
  const text = decodeText(bytes, isTruncated)
  const json = text === undefined ? undefined : prettyJson(text)
  const formats: BodyFormat[] = ['hex']
  if (text !== undefined) formats.unshift('text')
  if (json !== undefined) formats.unshift('json')
  return { bytes, formats, text, json }
}

export function showBody(body: Body, format: BodyFormat): string {
  if (format === 'json' && body.json !== undefined) return body.json
  if (format !== 'hex' && body.text !== undefined) return body.text
  return hexDump(body.bytes)
}
