import { linesOf, SourceError, UpstreamError, type UpstreamKind } from './upstream-error.ts'

/** What came of a question to many: the value, and a text for each step in which some did not answer. */
export interface Answer<T> {
  readonly value: T
  readonly warnings: readonly string[]
}

/** What came of asking each of some servers the same. */
export interface Gathered<S, T> {
  readonly answers: readonly { readonly source: S; readonly value: T }[]
  readonly errors: readonly SourceError[]
}

/** How many servers are asked at a time unless told otherwise. */
export const CONCURRENCY = 100

/** Asks every source, so many at a time. Answers and errors keep the order of the sources. */
export async function gather<S, T>(
  sources: readonly S[],
  ask: (source: S) => Promise<T>,
  concurrency = CONCURRENCY,
): Promise<Gathered<S, T>> {
  const outcomes: (Outcome<S, T> | undefined)[] = sources.map(() => undefined)
  let next = 0
  const work = async (): Promise<void> => {
    while (next < sources.length) {
      const at = next++
      // oxlint-disable-next-line no-await-in-loop -- so many at a time is what the loop is for
      outcomes[at] = await outcomeOf(sources[at]!, ask)
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, sources.length) }, work))
  const done = outcomes.filter((outcome) => outcome !== undefined)
  return {
    answers: done.filter((outcome) => 'value' in outcome),
    errors: done.filter((outcome) => 'error' in outcome).map(({ error }) => error),
  }
}

type Outcome<S, T> =
  { readonly source: S; readonly value: T } | { readonly source: S; readonly error: SourceError }

async function outcomeOf<S, T>(source: S, ask: (source: S) => Promise<T>): Promise<Outcome<S, T>> {
  try {
    return { source, value: await ask(source) }
  } catch (error) {
    if (error instanceof SourceError) return { source, error }
    throw error
  }
}

/**
 * The warnings of a step: none when all answered, one that names each that did not.
 *
 * @throws {UpstreamError} when nobody answered, or there was nobody to ask.
 */
export function warningsOf(kind: UpstreamKind, { answers, errors }: Gathered<unknown, unknown>) {
  if (answers.length === 0) throw new UpstreamError(kind, errors)
  return errors.length === 0 ? [] : [linesOf(errors)]
}

/** The `message` of an answer: empty, or `WARNING: ` and the steps that were incomplete. */
export function warningMessage(warnings: readonly string[]): string {
  return warnings.length === 0 ? '' : `WARNING: ${warnings.join('; ')}`
}
