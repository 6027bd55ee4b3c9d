// Writes docs/reference/client from the docstrings of packages/client: part of npm run docs. With --check it only says
// whether that would change anything.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { readModel } from './model.ts'
import { pagesOf } from './pages.ts'

const repository = path.resolve(import.meta.dirname, '../../..')
const client = path.join(repository, 'packages/client')
const folder = path.join(repository, 'docs/reference/client')

const model = await readModel(client)
const pages = pagesOf(model)
const isCheck = process.argv.includes('--check')
const stale = existing().filter((file) => !pages.has(file))

if (isCheck) {
  const changed = [...pages].filter(([file, text]) => normalize(read(file)) !== normalize(text))
  for (const file of [...changed.map(([name]) => name), ...stale]) {
    process.stderr.write(
      `docs/reference/client/${file} is not what the docstrings say; run "npm run docs"\n`,
    )
    process.exitCode = 1
  }
} else {
  mkdirSync(folder, { recursive: true })
  for (const file of stale) rmSync(path.join(folder, file))
  for (const [file, text] of pages) writeFileSync(path.join(folder, file), text)
}

function existing(): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function read(file: string): string {
  try {
    return readFileSync(path.join(folder, file), 'utf8')
  } catch {
    return ''
  }
}

/** Layout, quotes and commas are the formatter's; only the words count. */
function normalize(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
}
