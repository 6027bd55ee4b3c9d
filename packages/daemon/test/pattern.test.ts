import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import * as fc from 'fast-check'

import { PatternError } from '../src/pattern/pattern-syntax.ts'
import { Pattern, PatternBudget } from '../src/pattern/pattern.ts'

function matches(expression: string, name: string): boolean {
  return new Pattern(expression).matches(name)
}

void suite('an expression of an auth server', () => {
  const cases: [expression: string, good: string[], bad: string[]][] = [
    ['', [''], ['a']],
    ['.*', ['', 'a', 'orders#ephemeral'], []],
    ['orders', ['orders'], ['', 'orders2', 'my.orders', 'order', 'ordersorders']],
    ['^orders$', ['orders'], ['orders2']],
    ['^orders.*', ['orders', 'orders.eu'], ['my.orders']],
    ['a|b', ['a', 'b'], ['ab', 'ax', 'xb']],
    ['^a|b$', ['a', 'b'], ['ax', 'xb']],
    ['a||b', ['', 'a', 'b'], ['c']],
    ['(a|bc)*d', ['d', 'ad', 'bcad'], ['bd', 'a']],
    ['(?:ab)+', ['ab', 'abab'], ['', 'aba']],
    ['(?P<x>a)(?<y>b)', ['ab'], ['a']],
    ['a{2}', ['aa'], ['a', 'aaa']],
    ['a{2,}', ['aa', 'aaaa'], ['a']],
    ['a{1,3}?b', ['ab', 'aaab'], ['b', 'aaaab']],
    ['a{,2}', ['a{,2}'], ['', 'aa']],
    ['a*?b+?c??', ['b', 'aabbc'], ['ac']],
    ['(a*)*', ['', 'aaa'], ['b']],
    ['(a?){3}', ['', 'aa', 'aaa'], ['aaaa']],
    ['()', [''], ['a']],
    ['[a-cx]+', ['abcx'], ['d', '-']],
    ['[^a-c]', ['d', '.'], ['a', '']],
    ['[]a]', ['a'], ['b', '']],
    ['[a-]', ['a', '-'], ['b']],
    [String.raw`[\d\-_]+`, ['1-_'], ['a']],
    ['[[:alpha:]_]+', ['aB_'], ['1']],
    ['[[:^digit:]]', ['a'], ['1']],
    [String.raw`\w+\.\d+`, ['a_b.42'], ['ab42', 'a.b']],
    [String.raw`\D\W\S`, ['a.b'], ['1.b', 'aab']],
    [String.raw`\x61\x{62}`, ['ab'], ['a']],
    [String.raw`\Aab\z`, ['ab'], ['abc']],
    [String.raw`\ba\b.b\B_c`, ['a.b_c'], ['a_b_c']],
    ['(?i)Ab[C-D]', ['aBc', 'ABD'], ['abe']],
    ['(?i:a)b', ['Ab', 'ab'], ['aB']],
    ['(a(?i)b)c', ['aBc'], ['aBC', 'Abc']],
    ['(?i)a(?-i)b', ['Ab'], ['AB']],
    ['(?i)[^a]', ['b', 'B'], ['a', 'A']],
    ['(?sm)^a.$', ['ab'], ['a']],
    ['ä', [], ['a', '', 'ä'.normalize('NFD')]],
    ['[ä-ö]|x', ['x'], ['a']],
    ['😀?a', ['a'], ['']],
    ['a{', ['a{'], ['a']],
    ['a]}', ['a]}'], []],
    ['x^', [], ['x', 'x^']],
    ['$', [''], ['a']],
    ['a#ephemeral', ['a#ephemeral'], ['a']],
  ]
  for (const [expression, good, bad] of cases) {
    void test(`${JSON.stringify(expression)} matches whole names`, () => {
      for (const name of good) assert.equal(matches(expression, name), true, name)
      for (const name of bad) assert.equal(matches(expression, name), false, name)
    })
  }

  const refused = [
    '(',
    ')',
    'a)',
    '(a',
    '[a',
    '[',
    '[b-a]',
    '[[:nope:]]',
    '*',
    '+a',
    '?',
    '(*a)',
    'a**',
    'a+*',
    'a{2}{3}',
    'a{3,2}',
    'a{1001}',
    'a{1,1001}',
    '\\',
    '[\\',
    '(?=a)',
    '(?!a)',
    '(?<=a)b',
    '(?<!a)b',
    '(?>a)',
    '(?#x)',
    '(a)\\1',
    '\\k<x>',
    '\\p{L}',
    '\\Qa.b\\E',
    '\\8',
    '\\y',
    '\\ü',
    '\\x{110000}',
    '[a-\\d]',
    '((a{1000}){1000}){1000}',
    'a'.repeat(1_001),
    '('.repeat(600) + ')'.repeat(600),
  ]
  for (const expression of refused) {
    void test(`${JSON.stringify(expression.slice(0, 40))} is refused`, () => {
      assert.throws(() => new Pattern(expression), PatternError)
    })
  }

  void test('is refused when all of an answer together come to too much', () => {
    const budget = new PatternBudget()
    assert.throws(() => {
      for (let i = 0; i < 200; i++) assert.ok(new Pattern('a{1000}', budget))
    }, /too large/)
  })

  void test('cannot make a match slow', () => {
    const name = `${'a'.repeat(63)}b`
    const slow = ['(a+)+', '(a*)*', '(a|a)*', '(a|aa)+', '(.*)*x', '(a*){30}', 'a*a*a*a*a*a*a*a*c']
    const started = performance.now()
    for (const expression of slow) assert.equal(matches(expression, name), false, expression)
    assert.equal(matches(`(a?){500}${'a'.repeat(63)}b`, name), true)
    assert.ok(performance.now() - started < 1_000)
  })

  void test('matches what the same JavaScript expression matches as a whole', () => {
    const leaf = fc.constantFrom(
      'a',
      'b',
      'A',
      '.',
      '[ab]',
      '[^a]',
      '^',
      '$',
      '\\b',
      '\\B',
      '\\w',
      '\\d',
      '',
    )
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        leaf,
        fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => a + b),
        fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `(${a}|${b})`),
        fc
          .tuple(tie('tree'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '{0}', '*?', '{2,}'))
          .map(([a, times]) => `(${a})${times}`),
      ),
    }))
    const names = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '-', '1'), maxLength: 6 })
    fc.assert(
      fc.property(tree, names, (expression, name) => {
        const theirs = new RegExp(`^(?:${expression})$`).test(name)
        assert.equal(matches(expression, name), theirs, expression)
      }),
      { numRuns: 3_000 },
    )
  })

  void test('never does anything but compile or be refused', () => {
    const text = fc.string({
      unit: fc.constantFrom(...String.raw`ab(){}[]|*+?^$.\-:,<>P=!idsw09xz#_`.split('')),
      maxLength: 30,
    })
    fc.assert(
      fc.property(text, (expression) => {
        try {
          matches(expression, 'ab')
        } catch (error) {
          assert.ok(error instanceof PatternError)
        }
      }),
      { numRuns: 5_000 },
    )
  })
})
