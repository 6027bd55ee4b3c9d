import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

import { PublishProgress } from '../../src/to-nsq/progress.ts'

async function shownOn(terminal: object): Promise<string> {
  const stream = Object.assign(new PassThrough(), terminal)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the progress uses of standard error
  const progress = new PublishProgress(stream as unknown as NodeJS.WriteStream)
  progress.add(1_000, 2_000_000)
  progress.add(234, 500_000)
  progress.end()
  stream.end()
  return text(stream)
}

test('on a terminal there is a line while it goes on, and one at the end', async () => {
  const shown = await shownOn({ isTTY: true, columns: 80 })
  const [first = '', last = ''] = shown.split('\r\u001B[K').slice(1)
  assert.match(first, /^1,000 records, 2\.0 MB, [\d,]+\/s$/)
  assert.match(last, /^published 1,234 records, 2\.5 MB in \d+\.\d s, [\d,]+\/s\n$/)
})

test('elsewhere there is nothing', async () => {
  assert.equal(await shownOn({ isTTY: false }), '')
})
