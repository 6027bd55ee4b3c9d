import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'

const folder = path.resolve(import.meta.dirname, '../../static')
const LIMIT_BYTES = 200_000

describe('the built page', () => {
  it('is there', () => {
    assert.ok(existsSync(path.join(folder, 'index.html')), 'run "npm run build" first')
  })

  it('weighs less than 200 kB, all of it, compressed', () => {
    const files = readdirSync(folder).map((name) => readFileSync(path.join(folder, name)))
    const bytes = files.reduce((sum, file) => sum + gzipSync(file).length, 0)
    assert.ok(bytes < LIMIT_BYTES, `${bytes} bytes`)
  })

  it('asks nothing of other hosts, and has nothing inline', () => {
    const html = readFileSync(path.join(folder, 'index.html'), 'utf8')
    assert.doesNotMatch(html, /(?:src|href)="(?!\/__BASE_PATH__\/static\/)/)
    assert.doesNotMatch(html, /<style|<script(?![^>]* src=)|\son\w+=|\sstyle=/)
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.css'))) {
      assert.doesNotMatch(readFileSync(path.join(folder, name), 'utf8'), /url\(|@import/)
    }
  })
})
