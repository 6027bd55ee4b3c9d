import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { textFilter } from '../src/lib/filter.ts'
import { sortRows } from '../src/lib/sort.ts'
import { changedSearch, nextSort, parsePage, parseSort, sortText } from '../src/lib/table-state.ts'

describe('what a table shows, in its address', () => {
  it('reads and writes the sort', () => {
    for (const text of ['depth', '-depth']) assert.equal(sortText(parseSort(text)!), text)
    for (const text of [null, '', '-']) assert.equal(parseSort(text), undefined)
  })

  it('begins with the greatest number and the first name, and turns round', () => {
    const byDepth = nextSort(undefined, 'depth', true)
    assert.deepEqual(byDepth, { column: 'depth', descending: true })
    assert.equal(nextSort(byDepth, 'depth', true).descending, false)
    assert.deepEqual(nextSort(byDepth, 'topic', false), { column: 'topic', descending: false })
  })

  it('stays on pages that there are', () => {
    const pages = [null, '', '0', '3', '99', '-1', 'x', '99999999'].map((text) =>
      parsePage(text, 5),
    )
    assert.deepEqual(pages, [1, 1, 1, 3, 5, 1, 1, 1])
  })

  it('changes only what is said', () => {
    assert.equal(changedSearch('?q=a%26b&page=2', { page: undefined }), '?q=a%26b')
    assert.equal(changedSearch('?q=a', { q: '', sort: '-depth' }), '?sort=-depth')
    assert.equal(changedSearch('?q=a', { q: undefined }), '')
  })
})

describe('sorting', () => {
  it('knows numbers inside names', () => {
    const names = ['nsqd-10', 'nsqd-9', 'Nsqd-1']
    const sorted = sortRows(names, (name) => name, false)
    assert.deepEqual(sorted, ['Nsqd-1', 'nsqd-9', 'nsqd-10'])
  })

  it('keeps equals in order both ways, and leaves its input alone', () => {
    const rows = [
      { name: 'a', depth: 1 },
      { name: 'b', depth: 2 },
      { name: 'c', depth: 1 },
    ]
    const names = (isDescending: boolean) =>
      sortRows(rows, ({ depth }) => depth, isDescending).map(({ name }) => name)
    assert.deepEqual(names(false), ['a', 'c', 'b'])
    assert.deepEqual(names(true), ['b', 'a', 'c'])
    assert.equal(rows[0]!.name, 'a')
  })
})

describe('filtering', () => {
  const names = ['orders.created', 'orders.paid', 'Billing.paid', 'clicks#ephemeral', 'a/b']
  const left = (query: string) => names.filter(textFilter(query).matches)

  it('finds words in any order and case', () => {
    assert.deepEqual(left('PAID ord'), ['orders.paid'])
    assert.deepEqual(left('  '), names)
    assert.deepEqual(left('#eph'), ['clicks#ephemeral'])
    assert.deepEqual(left('.*'), [])
  })

  it('takes a regular expression between slashes', () => {
    assert.deepEqual(left('/^orders\\./'), ['orders.created', 'orders.paid'])
    assert.deepEqual(left('/^BILLING/i'), ['Billing.paid'])
  })

  it('says what is wrong with one, and shows everything', () => {
    const { error, matches } = textFilter('/(/')
    assert.match(error!, /Invalid regular expression/)
    assert.equal(matches('anything'), true)
  })
})
