// Runs the tests of every package, or those under the folders given: node scripts/dist/test.js packages/nsqd
//
// Node 20's runner takes no globs, so the files are listed here.

import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '../..')

function testFiles(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => path.join(folder, file))
    .toSorted()
}

function defaultFolders(): string[] {
  const packages = readdirSync(path.join(root, 'packages')).map((name) => `packages/${name}`)
  return [...packages, 'e2e', 'bench', 'scripts']
}

const given = process.argv.slice(2)
const folders = given.length > 0 ? given : defaultFolders()
const files = folders.flatMap((folder) => testFiles(path.join(root, folder, 'dist')))
if (files.length === 0) {
  process.stderr.write(`no tests under ${folders.join(', ')}; run "npm run build" first\n`)
  process.exit(1)
}
const child = spawn(process.execPath, ['--test', ...files], { cwd: root, stdio: 'inherit' })
child.on('exit', (code) => process.exit(code ?? 1))
