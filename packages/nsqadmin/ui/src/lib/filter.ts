export interface TextFilter {
  readonly matches: (text: string) => boolean
  /** Why what was typed is no filter yet; everything matches then. */
  readonly error?: string
}

const everything = (): boolean => true

/** Words in any order and case, or a regular expression between slashes: `/^orders\..*v[12]$/`. */
export function textFilter(query: string): TextFilter {
  const text = query.trim()
  if (text === '') return { matches: everything }
  const expression = /^\/(.+)\/(i?)$/.exec(text)
  if (expression !== null) {
    try {
      const pattern = new RegExp(expression[1]!, expression[2])
      return { matches: (candidate) => pattern.test(candidate) }
    } catch (error) {
      return { matches: everything, error: (error as Error).message }
    }
  }
  const words = text.toLowerCase().split(/\s+/)
  return {
    matches: (candidate) => {
      const lower = candidate.toLowerCase()
      return words.every((word) => lower.includes(word))
    },
  }
}
