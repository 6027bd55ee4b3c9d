import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { until } from '@tsq/testing'

import { TrafficLine } from '../../src/delivery/traffic-line.ts'

/** As much of a stream as a status line uses. */
function fakeStream(isTTY: boolean): { readonly stream: NodeJS.WriteStream; text: string } {
  const fake = {
    text: '',
    stream: {
      isTTY,
      columns: 80,
      write(text: string): boolean {
        fake.text += text
        return true
      },
    } as NodeJS.WriteStream,
  }
  return fake
}

void suite('the status line', () => {
  void test('says what passed, on a terminal', async () => {
    const fake = fakeStream(true)
    const line = new TrafficLine('sent', () => 17, fake.stream)
    for (let i = 0; i < 1_234; i++) line.done()
    line.failed()
    await until('it is shown', () => fake.text !== '')
    line.stop()
    assert.match(fake.text, /1,234 sent {2}[\d,]+\/s {2}1 failed {2}17 in hand/)
    assert.ok(fake.text.endsWith('\r\u001B[K'), 'it goes away at the end')
  })

  void test('says nothing elsewhere', () => {
    const fake = fakeStream(false)
    const line = new TrafficLine('sent', () => 0, fake.stream)
    line.done()
    line.stop()
    assert.equal(fake.text, '')
  })
})
