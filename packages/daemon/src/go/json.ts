const ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}
const ESCAPED = /[<>&\u2028\u2029]/
const ESCAPED_ALL = /[<>&\u2028\u2029]/g

/** JSON text as Go's encoder writes it: `<`, `>`, `&` and the two line separators escaped. */
export function goJson(value: unknown): string {
  const text = JSON.stringify(value)
  // These characters occur only inside strings, so replacing them in the finished text is safe.
  return ESCAPED.test(text) ? text.replace(ESCAPED_ALL, (char) => ESCAPES[char] ?? char) : text
}
