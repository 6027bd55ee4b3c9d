// Indents JSON without changing a word of it: a number too big for a double stays the number it was.

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g
const INDENT = '  '
/** Deeper than this nobody reads, and the indentation would make of a megabyte hundreds. */
const DEEPEST = 100
/** More than this nobody reads either, and what reads the words has its limits. */
const LONGEST_BYTES = 4 * 1_024 * 1_024

const COLOURS = { key: '34', text: '32', number: '36', word: '35' } as const

/** The body indented, over several lines; undefined when it is no JSON object or list, or one too long or too deep. */
export function prettyJson(body: Buffer, isColoured: boolean): string | undefined {
  if (body.length > LONGEST_BYTES) return undefined
  const text = body.toString('utf8')
  if (!/^\s*[{[]/.test(text) || !isJson(text)) return undefined
  const tokens = text.match(TOKEN) ?? []
  const paint = (token: string, kind: keyof typeof COLOURS): string =>
    isColoured ? `\u001B[${COLOURS[kind]}m${token}\u001B[0m` : token
  let depth = 0
  const parts: string[] = []
  const breakLine = (): unknown => parts.push(`\n${INDENT.repeat(depth)}`)
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1]
    switch (token) {
      case '{':
      case '[':
        parts.push(token)
        if (next === '}' || next === ']') break
        depth++
        if (depth > DEEPEST) return undefined
        breakLine()
        break
      case '}':
      case ']':
        if (!isOpening(tokens[index - 1])) {
          depth--
          breakLine()
        }
        parts.push(token)
        break
      case ',':
        parts.push(token)
        breakLine()
        break
      case ':':
        parts.push(': ')
        break
      default:
        parts.push(paint(token, kindOf(token, next)))
    }
  }
  return parts.join('')
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function isOpening(token: string | undefined): boolean {
  return token === '{' || token === '['
}

function kindOf(token: string, next: string | undefined): keyof typeof COLOURS {
  if (token.startsWith('"')) return next === ':' ? 'key' : 'text'
  return /^[-\d]/.test(token) ? 'number' : 'word'
}
