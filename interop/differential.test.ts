// Generated scripts and HTTP calls, played on the real nsqd 1.3.0 and on ours. The long form is differential-run.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { describeMismatch } from './differential-compare.ts'
import { differences } from './differential-differences.ts'
import { runDifferential } from './differential-run.ts'
import { repositoryFolder } from './folders.ts'
import { prepareOrSkip } from './skip.ts'

const SEED = 1
const SCRIPTS = 5_000

void test(`${SCRIPTS} generated scripts show no difference that is not on the list`, async (t) => {
  const result = await prepareOrSkip(t, () => runDifferential({ seed: SEED, scripts: SCRIPTS }))
  if (result === undefined) return
  const { mismatches, used } = result
  for (const [{ name }, count] of used) t.diagnostic(`${count} times: ${name}`)
  assert.deepEqual(mismatches.map(describeMismatch), [])
})

void test('every deliberate difference is told to users', async () => {
  const page = await readFile(join(repositoryFolder, 'docs', 'differences.md'), 'utf8')
  const told = page.toLowerCase().replaceAll(/\s+/g, ' ')
  const missing = differences.filter(({ name }) => !told.includes(`**${name}.**`.toLowerCase()))
  assert.deepEqual(missing, [])
})
