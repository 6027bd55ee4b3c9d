import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { isFiltering, judge, type FilterSettings } from '../../src/nsq-to-nsq/json-filter.ts'

const NOTHING: FilterSettings = { requireField: '', requireValue: '', whitelist: [] }

function verdict(body: string, settings: Partial<FilterSettings>): string {
  const result = judge(Buffer.from(body), { ...NOTHING, ...settings })
  return result.kind === 'forward' ? Buffer.from(result.body).toString() : result.kind
}

void suite('the JSON filter', () => {
  void test('is off unless a flag asks for it', () => {
    assert.equal(isFiltering(NOTHING), false)
    assert.equal(isFiltering({ ...NOTHING, requireValue: 'x' }), false)
    assert.equal(isFiltering({ ...NOTHING, requireField: 'a' }), true)
    assert.equal(isFiltering({ ...NOTHING, whitelist: ['a'] }), true)
  })

  void test('knows only objects, and null for an empty one', () => {
    const whitelist = ['a']
    for (const body of ['', 'text', '[1]', '"a"', '12', '{"a":1', '{"a":1} x']) {
      assert.equal(verdict(body, { whitelist }), 'undecodable', body)
    }
    assert.equal(verdict('null', { whitelist }), '{}')
    assert.equal(verdict('null', { requireField: 'a' }), 'drop')
  })

  void test('a required field, whatever is in it', () => {
    const requireField = 'a'
    assert.equal(verdict('{"b":1}', { requireField }), 'drop')
    assert.equal(verdict('{ "a" : null }', { requireField }), '{ "a" : null }')
    assert.equal(verdict('{"toString":1}', { requireField: 'valueOf' }), 'drop')
  })

  void test('a required text or number', () => {
    const required = { requireField: 'a', requireValue: '10' }
    assert.equal(verdict('{"b":1}', required), 'missing')
    assert.equal(verdict('{"a":"10"}', required), '{"a":"10"}')
    assert.equal(verdict('{"a":"10.0"}', required), 'drop')
    for (const number of ['10', '10.0', '1e1']) {
      const body = `{"a":${number}}`
      assert.equal(verdict(body, required), body)
    }
    for (const other of ['11', 'true', 'null', '{}', '[10]']) {
      assert.equal(verdict(`{"a":${other}}`, required), 'drop', other)
    }
    assert.equal(verdict('{"a":0}', { requireField: 'a', requireValue: 'zero' }), 'drop')
  })

  void test('only listed keys that are there, sorted at every level', () => {
    const whitelist = ['z', 'a', 'none', '__proto__']
    assert.equal(
      verdict('{"z":{"c":1,"b":[{"y":1,"x":2}]},"q":1,"a":"t"}', { whitelist }),
      '{"a":"t","z":{"b":[{"x":2,"y":1}],"c":1}}',
    )
    assert.equal(verdict('{"q":1}', { whitelist }), '{}')
    assert.equal(verdict('{"__proto__":{"b":1}}', { whitelist }), '{"__proto__":{"b":1}}')
    assert.equal(verdict('{"a":{"10":1,"2":2,"-":3}}', { whitelist }), '{"a":{"-":3,"10":1,"2":2}}')
  })

  void test('is written as Go writes it', () => {
    const whitelist = ['a']
    const cases = [
      ['"<&>\\u2028\\u2029"', '"\\u003c\\u0026\\u003e\\u2028\\u2029"'],
      ['1.0', '1'],
      ['9007199254740993', '9007199254740992'],
      ['1e300', '1e+300'],
      ['1e20', '100000000000000000000'],
      ['1e21', '1e+21'],
      ['1e-7', '1e-7'],
      ['-0', '0'],
      ['"\\ud800"', '"\uFFFD"'],
    ] as const
    for (const [given, wanted] of cases) {
      assert.equal(verdict(`{"a": ${given} }`, { whitelist }), `{"a":${wanted}}`)
    }
    assert.equal(verdict('{"a":1e400}', { whitelist }), 'undecodable')
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    assert.equal(verdict(deep, { whitelist }), 'undecodable')
  })

  void test('both: the required field need not be listed', () => {
    const both = { requireField: 'kind', requireValue: 'order', whitelist: ['id'] }
    assert.equal(verdict('{"kind":"order","id":7}', both), '{"id":7}')
    assert.equal(verdict('{"kind":"bill","id":7}', both), 'drop')
  })
})
