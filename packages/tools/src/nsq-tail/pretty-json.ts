// Indents JSON without changing a word of it: a number too big for a double stays the number it was.

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g
const INDENT = '  '
/** Deeper than this nobody reads, and the indentation would grow without bounds. */
const DEEPEST = 100

const COLOURS = { key: '34', text: '32', number: '36', word: '35' } as const

/** The body indented, over several lines; undefined when it is no JSON object or list. */
export function prettyJson(body: Buffer, isColoured: boolean): string | undefined {
  const text = body.toString('utf8')
  if (!/^\s*[{[]/.test(text) || !isJson(text)) return undefined
  const tokens = text.match(TOKEN) ?? []
  const paint = (token: string, kind: keyof typeof COLOURS): string =>
    isColoured ? `\u001B[${COLOURS[kind]}m${token}\u001B[0m` : token
  let depth = 0
  const parts: string[] = []
  const breakLine = (): unknown => parts.push(`\n${INDENT.repeat(Math.min(depth, DEEPEST))}`)
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1]
    switch (token) {
      case '{':
      case '[':
        parts.push(token)
        if (next === '}' || next === ']') break
        depth++
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
