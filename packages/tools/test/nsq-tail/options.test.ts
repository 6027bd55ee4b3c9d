import assert from 'node:assert/strict'
import { test } from 'node:test'

import { nsqTailOptions, nsqTailProblem } from '../../src/nsq-tail/options.ts'
import { problemOf } from '../support/problem-of.ts'

const CASES: readonly (readonly [string | undefined, readonly string[]])[] = [
  ['--nsqd-tcp-address or --lookupd-http-address required', ['--topic=t']],
  [
    'use --nsqd-tcp-address or --lookupd-http-address not both',
    ['--nsqd-tcp-address=h:1', '--lookupd-http-address=h:1'],
  ],
  ['--topic required', ['--nsqd-tcp-address=h:1']],
  [undefined, ['--topic=t', '--lookupd-http-address=h:1', '--since=10m']],
]

test('what is wrong with the flags, the first thing alone', () => {
  for (const [problem, argv] of CASES) {
    assert.equal(problemOf(nsqTailOptions, nsqTailProblem, argv), problem, argv.join(' '))
  }
  const since = problemOf(nsqTailOptions, nsqTailProblem, ['--since=yesterday'])
  assert.match(since ?? '', /^invalid value "yesterday" for flag -since: must be a duration/)
})
