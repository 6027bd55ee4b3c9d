import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { prettyJson } from '../../src/nsq-tail/pretty-json.ts'

function pretty(text: string, isColoured = false): string | undefined {
  return prettyJson(Buffer.from(text), isColoured)
}

void suite('JSON made readable', () => {
  void test('is indented, and no word of it changed', () => {
    assert.equal(
      pretty('{"a":[1.0,{},[ ],"x: {,}\\""],"big":12345678901234567890,"a":null}'),
      [
        '{',
        '  "a": [',
        '    1.0,',
        '    {},',
        '    [],',
        '    "x: {,}\\""',
        '  ],',
        '  "big": 12345678901234567890,',
        '  "a": null',
        '}',
      ].join('\n'),
    )
  })

  void test('says the same as before', () => {
    const value = { list: [1, 'two', { three: [true, null, -1e-9] }], empty: {}, 'k"y': '' }
    assert.deepEqual(JSON.parse(pretty(JSON.stringify(value)) ?? ''), value)
  })

  void test('is only for objects and lists', () => {
    for (const text of ['', 'text', '12', '"a"', '{"a":', '{a:1}']) {
      assert.equal(pretty(text), undefined, text)
    }
  })

  void test('leaves what is too deep or too long as it is', () => {
    assert.equal(pretty(`${'['.repeat(101)}1${']'.repeat(101)}`), undefined)
    assert.notEqual(pretty(`${'['.repeat(100)}1${']'.repeat(100)}`), undefined)
    assert.equal(pretty(`["${'x'.repeat(4 * 1_024 * 1_024)}"]`), undefined)
  })

  void test('has a colour for each kind of word', () => {
    assert.equal(
      pretty('{"a":["b",1,true]}', true)?.replaceAll('\u001B', '^'),
      '{\n  ^[34m"a"^[0m: [\n    ^[32m"b"^[0m,\n    ^[36m1^[0m,\n    ^[35mtrue^[0m\n  ]\n}',
    )
  })
})
