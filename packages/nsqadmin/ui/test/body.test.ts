import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { hexDump, readBody, showBody } from '../src/lib/body.ts'

const base64 = (body: string | Uint8Array): string => Buffer.from(body).toString('base64')

describe('message bodies', () => {
  it('shows JSON indented, as it came, and in bytes', () => {
    const body = readBody(base64('{"a":[1,"ü"]}'), false)
    assert.deepEqual(body.formats, ['json', 'text', 'hex'])
    assert.equal(showBody(body, 'json'), '{\n  "a": [\n    1,\n    "ü"\n  ]\n}')
    assert.equal(showBody(body, 'text'), '{"a":[1,"ü"]}')
    assert.match(showBody(body, 'hex'), /^00000000 {2}7b 22 61/)
  })

  it('shows other text as text, whatever markup is in it', () => {
    const body = readBody(base64('<img src=x onerror=alert(1)>\tok\n'), false)
    assert.deepEqual(body.formats, ['text', 'hex'])
    assert.equal(showBody(body, 'json'), '<img src=x onerror=alert(1)>\tok\n')
    assert.deepEqual(readBody(base64('42'), false).formats, ['text', 'hex'])
  })

  it('shows what is no text in bytes only', () => {
    for (const bytes of [[0xff, 0xfe], [0x61, 0x00, 0x62], [0xc3]]) {
      const body = readBody(base64(Uint8Array.from(bytes)), false)
      assert.deepEqual(body.formats, ['hex'])
      assert.match(showBody(body, 'text'), /^00000000/)
    }
  })

  it('takes the beginning of a long text for text, though it ends inside a character', () => {
    const cut = Buffer.from('grüße').subarray(0, 3)
    const body = readBody(base64(cut), true)
    assert.deepEqual(body.formats, ['text', 'hex'])
    assert.equal(showBody(body, 'text'), 'gr')
  })

  it('dumps 16 bytes a line', () => {
    const lines = hexDump(Uint8Array.from({ length: 18 }, (_, i) => 0x41 + i)).split('\n')
    assert.equal(
      lines[0],
      '00000000  41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50  |ABCDEFGHIJKLMNOP|',
    )
    assert.equal(lines[1], `00000010  51 52${' '.repeat(42)}  |QR|`)
    assert.equal(showBody(readBody('', false), 'text'), '')
  })
})
