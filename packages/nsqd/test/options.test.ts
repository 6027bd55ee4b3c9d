import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'

import { resolveOptions } from '@tsq/daemon'

import { nsqdOptions, nsqdRules } from '../src/index.ts'
import { exampleConfig, EXAMPLES } from './support/example-config.ts'

const EXAMPLE = path.resolve(import.meta.dirname, '../../../../contrib/nsqd.cfg.example')
function resolve(argv: readonly string[], file = '') {
  return resolveOptions(nsqdOptions, {
    program: 'nsqd',
    argv,
    rules: nsqdRules,
    readFile: () => file,
  })
}

describe('the options of nsqd', () => {
  it('are all in the example file; TSQ_UPDATE=1 writes it anew', () => {
    if (process.env['TSQ_UPDATE'] === '1') writeFileSync(EXAMPLE, exampleConfig())
    assert.equal(readFileSync(EXAMPLE, 'utf8'), exampleConfig())
  })

  it('have an example file whose lines are all right and show the defaults', () => {
    const lines = readFileSync(EXAMPLE, 'utf8').split('\n')
    const settings = lines.filter((line) => /^# \w+ = /.test(line)).map((line) => line.slice(2))
    assert.ok(settings.length > 30)
    const given = resolve(['--config=example'], settings.join('\n'))
    if (given.kind !== 'options') assert.fail(JSON.stringify(given))
    assert.deepEqual(given.warnings, [])
    for (const [name, option] of Object.entries(nsqdOptions)) {
      if (EXAMPLES[option.key] !== undefined) continue
      assert.deepEqual(given.values[name as keyof typeof nsqdOptions], option.default, option.key)
    }
  })

  it('take the flags of nsqd that have no effect here, and say so', () => {
    const given = resolve([
      '--verbose',
      '--worker-id',
      '--queue-scan-worker-pool-max=8',
      '--queue-scan-selection-count=40',
    ])
    if (given.kind !== 'options') assert.fail(JSON.stringify(given))
    assert.equal(given.warnings.length, 4)
  })
})
