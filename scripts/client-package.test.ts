// What npm would publish of @tsq/client: that publint has nothing to say, and that its README tells the truth about it.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { publint } from 'publint'

const folder = path.resolve(import.meta.dirname, '../../packages/client')
const readme = readFileSync(path.join(folder, 'README.md'), 'utf8')

/** How far the size that the README gives may be off. */
const SIZE_TOLERANCE = 0.05

test('publint finds nothing in @tsq/client', async () => {
  const { messages } = await publint({ pkgDir: folder, strict: true })
  assert.deepEqual(messages, [])
})

test('the README of @tsq/client gives its packed size', () => {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const output = execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
  const [packed] = JSON.parse(output) as [{ readonly size: number }]
  const said = Number(/(\d+) kB packed/.exec(readme)?.[1]) * 1_000
  const difference = Math.abs(said - packed.size) / packed.size
  assert.ok(difference <= SIZE_TOLERANCE, `it says ${said} bytes, and is ${packed.size}`)
})

test('the README of @tsq/client names its dependencies', () => {
  const manifest = readFileSync(path.join(folder, 'package.json'), 'utf8')
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> }
  assert.deepEqual(Object.keys(dependencies), ['@tsq/protocol'])
  assert.match(readme, /No dependencies but `@tsq\/protocol`, which has none\./)
})
