// Builds the page into dist/static, unless it is there already and nothing it is made from has changed.

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { build } from 'vite'

const packageFolder = path.resolve(import.meta.dirname, '../..')
const uiFolder = path.join(packageFolder, 'ui')
const stamp = path.join(packageFolder, 'dist/ui/.page-built-from')
const page = path.join(packageFolder, 'dist/static/index.html')

/** One hash over all the page is made from; versions of libraries come with the lockfile. */
function fingerprint(): string {
  const hash = createHash('sha256')
  const own = readdirSync(uiFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(path.join(uiFolder, 'test')))
    .toSorted()
  for (const file of [...own, path.resolve(packageFolder, '../../package-lock.json')]) {
    hash.update(`${path.relative(packageFolder, file)}\0`).update(readFileSync(file))
  }
  return hash.digest('hex')
}

const now = fingerprint()
const built = existsSync(stamp) && existsSync(page) ? readFileSync(stamp, 'utf8') : ''
if (built !== now) {
  await build({ configFile: path.join(uiFolder, 'vite.config.ts'), logLevel: 'warn' })
  writeFileSync(stamp, now)
}
