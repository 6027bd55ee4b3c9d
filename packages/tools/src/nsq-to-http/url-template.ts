// The addresses of --post and --get.

/** Stands for the body while the rest of a template is read as a URL; a name nobody uses, of plain letters. */
const MARK = 'nsq0body0goes0here'

/**
 * Reads the URL of `--post`.
 *
 * @throws {Error} saying what is wrong with it.
 */
export function parsePostUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Error(`invalid POST address ${JSON.stringify(text)} - must be an http or https URL`)
  }
  return url
}

/** A URL of `--get`, with a place for the message in its path or query. */
export class UrlTemplate {
  readonly #base: URL
  readonly #before: string
  readonly #after: string

  /**
   * @param text has `%s` once, where the body goes, and `%%` where a percent sign is meant.
   * @throws {Error} saying what is wrong with it.
   */
  static parse(text: string): UrlTemplate {
    if (text.replaceAll('%%', '').split('%s').length !== 2) {
      throw new Error('invalid GET address - must be a printf string')
    }
    // Other percent signs are what they are in a URL.
    const marked = text.replaceAll(/%%|%s/g, (verb) => (verb === '%%' ? '%' : MARK))
    const base = URL.canParse(marked) ? new URL(marked) : undefined
    if (base === undefined || (base.protocol !== 'http:' && base.protocol !== 'https:')) {
      throw new Error(`invalid GET address ${JSON.stringify(text)} - must be an http or https URL`)
    }
    const [before, after] = `${base.pathname}${base.search}`.split(MARK)
    if (before === undefined || after === undefined) {
      const place = 'the %s must stand in the path or the query'
      throw new Error(`invalid GET address ${JSON.stringify(text)} - ${place}`)
    }
    return new UrlTemplate(base, before, after)
  }

  private constructor(base: URL, before: string, after: string) {
    this.#base = base
    this.#before = before
    this.#after = after
  }

  /** Scheme, host and credentials. */
  get base(): URL {
    return this.#base
  }

  /** The path and query with a body in its place. */
  pathWith(body: Uint8Array): string {
    return `${this.#before}${queryEscape(body)}${this.#after}`
  }
}

const ESCAPED = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte)
  if (/[A-Za-z0-9_.~-]/.test(char)) return char
  return char === ' ' ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
})

/** Bytes as they stand in a query: a space becomes `+`, all but letters, digits and `-_.~` a percent escape. */
export function queryEscape(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += ESCAPED[byte] ?? ''
  return text
}
