// Runs the tests one file at a time: each keeps several processes busy, and the message timeouts in
// them are real seconds. What they need is built by the first that asks for it.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const folder = import.meta.dirname
const files = readdirSync(folder).filter((name) => name.endsWith('.test.js'))
const args = ['--test', '--test-concurrency=1', '--test-reporter=spec']
const { status } = spawnSync(
  process.execPath,
  [...args, ...files.map((name) => join(folder, name))],
  { stdio: 'inherit' },
)
process.exitCode = status ?? 1
