// The code in the client's README and guides compiles against the client as it is.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

const repository = path.resolve(import.meta.dirname, '../..')
const guides = path.join(repository, 'docs/guides')
/** Within the repository, so that `@tsq/client` is found. */
const folder = path.join(import.meta.dirname, 'guides')
/** What the code takes for granted. */
const granted = path.join(repository, 'scripts/guides')

const documents = [
  path.join(repository, 'packages/client/README.md'),
  ...readdirSync(guides)
    .filter((name) => /^client-.*\.md$/.test(name))
    .map((name) => path.join(guides, name)),
]

function codeIn(document: string): string[] {
  const text = readFileSync(document, 'utf8')
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map((match) => match[1]!)
}

test('the code in the guides of the client compiles', () => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const compilerOptions = {
    noEmit: true,
    composite: false,
    rootDir: '.',
    experimentalDecorators: true,
    erasableSyntaxOnly: false,
    noUnusedLocals: false,
    noImplicitOverride: false,
  }
  const extended = path.join(repository, 'tsconfig.base.json')
  writeFileSync(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: extended, compilerOptions, include: ['*.ts'] }),
  )
  for (const name of readdirSync(granted)) {
    copyFileSync(path.join(granted, name), path.join(folder, name))
  }
  let blocks = 0
  for (const document of documents) {
    for (const [i, code] of codeIn(document).entries()) {
      const file = `${path.basename(document, '.md')}-${i + 1}.ts`
      // A module of its own, whatever is in it.
      writeFileSync(path.join(folder, file), `${code}\nexport {}\n`)
      blocks++
    }
  }
  assert.ok(blocks >= documents.length)
  const compiler = path.join(repository, 'node_modules/typescript/bin/tsc')
  const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', folder], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stdout)
})
