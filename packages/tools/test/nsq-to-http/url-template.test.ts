import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { parsePostUrl, queryEscape, UrlTemplate } from '../../src/nsq-to-http/url-template.ts'

function path(template: string, body: string): string {
  return UrlTemplate.parse(template).pathWith(Buffer.from(body))
}

void suite('the URL of --get', () => {
  void test('has the body in its path or query, escaped', () => {
    assert.equal(path('http://host/a?m=%s&x=1', 'a b&c=ü/~'), '/a?m=a+b%26c%3D%C3%BC%2F~&x=1')
    assert.equal(path('http://host/m/%s/done', '..'), '/m/../done')
    assert.equal(path('http://host/a%%20b?m=%s', 'x'), '/a%20b?m=x')
    assert.equal(path('http://host/a%20b?m=%s', 'x'), '/a%20b?m=x')
    assert.equal(path('http://host?m=%s#part', 'x'), '/?m=x')
    assert.equal(UrlTemplate.parse('https://u:p@host:1/%s').base.host, 'host:1')
  })

  void test('has exactly one place for it, past the host', () => {
    for (const template of ['http://host/', 'http://host/%s/%s', 'http://host/%%s']) {
      assert.throws(() => UrlTemplate.parse(template), /must be a printf string/, template)
    }
    assert.throws(() => UrlTemplate.parse('http://%s.host/'), /path or the query/)
    assert.throws(() => UrlTemplate.parse('host/%s'), /http or https/)
  })

  void test('takes any bytes', () => {
    assert.equal(queryEscape(Uint8Array.of(0, 32, 43, 255)), '%00+%2B%FF')
  })
})

void test('the URL of --post is one of HTTP', () => {
  assert.equal(parsePostUrl('https://host/x').href, 'https://host/x')
  for (const text of ['host/x', 'ftp://host/x', '']) {
    assert.throws(() => parsePostUrl(text), /invalid POST address/)
  }
})
