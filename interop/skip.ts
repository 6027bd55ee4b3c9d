import type { TestContext } from 'node:test'
import { ToolMissingError } from './build.ts'

/**
 * Runs `prepare`. When a tool of the machine's is missing the test is skipped and this gives
 * `undefined`; in CI, where every tool must be there, it fails instead.
 */
export async function prepareOrSkip<T>(
  t: TestContext,
  prepare: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await prepare()
  } catch (error) {
    if (!(error instanceof ToolMissingError) || process.env['CI'] === 'true') throw error
    t.skip(error.message)
    return undefined
  }
}
