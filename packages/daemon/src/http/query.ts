import { HttpError } from './http-error.ts'

/** The parameters of a request. Of a repeated one the first counts. */
export class Query {
  readonly #values: ReadonlyMap<string, string>

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values
  }

  get(name: string): string | undefined {
    return this.#values.get(name)
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }
}

const BAD_ESCAPE = /%(?![0-9a-fA-F]{2})/
const ESCAPED = /[%+]/

/**
 * Reads the part of a request's target after the first `?`.
 *
 * @throws {HttpError} 400 `INVALID_REQUEST` for a bad `%` escape or a raw `;`.
 */
export function parseQuery(target: string): Query {
  const values = new Map<string, string>()
  const start = target.indexOf('?')
  if (start === -1) return new Query(values)
  const text = target.slice(start + 1)
  if (text.includes(';') || BAD_ESCAPE.test(text)) throw new HttpError(400, 'INVALID_REQUEST')
  for (const part of text.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = decode(equals === -1 ? part : part.slice(0, equals))
    if (!values.has(name)) values.set(name, equals === -1 ? '' : decode(part.slice(equals + 1)))
  }
  return new Query(values)
}

// Goes by bytes, as the target came: escapes that aren't UTF-8 are no error here, the names made of them are.
function decode(text: string): string {
  if (!ESCAPED.test(text)) return text
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
