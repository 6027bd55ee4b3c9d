// The headers of --header, whose values may have places for what is known of a message.

import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { Message } from '@tsq/client'

/** What stands for what, in a header's value. */
export const headerTokens: Readonly<
  Record<string, (message: Message, source: HeaderSource) => string>
> = {
  '<TOPIC>': (_, { topic }) => topic,
  '<CHANNEL>': (_, { channel }) => channel,
  '<ID>': ({ id }) => id,
  '<ATTEMPTS>': ({ attempts }) => String(attempts),
  '<TIMESTAMP>': ({ timestampNs }) => String(timestampNs),
  '<NSQD>': ({ address }) => address,
}

const TOKEN = new RegExp(Object.keys(headerTokens).join('|'), 'g')

/** These are what the request makes them, whatever `--header` says. */
const NOT_TO_BE_SET: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'trailer',
])

export interface HeaderSource {
  readonly topic: string
  readonly channel: string
}

export interface Header {
  readonly name: string
  readonly value: string
}

/** Reads `Name: value`; undefined where that is not what it is. */
export function parseHeader(text: string): Header | undefined {
  const colon = text.indexOf(':')
  const name = text.slice(0, Math.max(0, colon)).trim()
  const value = text.slice(colon + 1).trim()
  if (colon < 0 || name === '' || value === '') return undefined
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch {
    return undefined
  }
  return { name, value }
}

/** Makes the headers of each request: the tool's own, with those of the user over them. */
export class HeaderTemplate {
  readonly #source: HeaderSource
  readonly #fixed: Readonly<Record<string, string>>
  readonly #perMessage: readonly Header[]

  /** Of several headers with one name, in whatever case, the last counts. */
  constructor(source: HeaderSource, own: readonly Header[], given: readonly Header[]) {
    const byName = new Map<string, Header>()
    for (const header of [...own, ...given]) {
      const key = header.name.toLowerCase()
      if (!NOT_TO_BE_SET.has(key)) byName.set(key, header)
    }
    const all = [...byName.values()]
    const isFixed = ({ value }: Header): boolean => value.search(TOKEN) < 0
    this.#source = source
    this.#fixed = Object.fromEntries(all.filter(isFixed).map(({ name, value }) => [name, value]))
    this.#perMessage = all.filter((header) => !isFixed(header))
  }

  for(message: Message): Record<string, string> {
    const headers = { ...this.#fixed }
    for (const { name, value } of this.#perMessage) {
      headers[name] = value.replaceAll(
        TOKEN,
        (token) => headerTokens[token]?.(message, this.#source) ?? token,
      )
    }
    return headers
  }
}
