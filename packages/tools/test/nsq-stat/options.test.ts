import assert from 'node:assert/strict'
import { test } from 'node:test'

import { nsqStatOptions, nsqStatProblem } from '../../src/nsq-stat/options.ts'
import { problemOf } from '../support/problem-of.ts'

const what = ['--topic=t', '--channel=c']

const CASES: readonly (readonly [string | undefined, readonly string[]])[] = [
  ['--topic and --channel are required', ['--topic=t']],
  ['--interval should be positive', [...what, '--interval=0']],
  [
    '--http-client-connect-timeout should be positive',
    [...what, '--http-client-connect-timeout=0'],
  ],
  [
    '--http-client-request-timeout should be positive',
    [...what, '--http-client-request-timeout=-1s'],
  ],
  ['--count should be positive', [...what, '--count=0']],
  ['--nsqd-http-address or --lookupd-http-address required', what],
  [
    'use --nsqd-http-address or --lookupd-http-address not both',
    [...what, '--nsqd-http-address=h:1', '--lookupd-http-address=h:1'],
  ],
  [
    '--nsqd-http-address error - address should not contain scheme',
    [...what, '--nsqd-http-address=http://h:1'],
  ],
  [
    '--lookupd-http-address error - address should not contain scheme',
    [...what, '--lookupd-http-address=http://h:1'],
  ],
  ['invalid value "0x10" for flag -count: parse error', ['--count=0x10']],
  ['invalid value "3000000000" for flag -count: value out of range', ['--count=3000000000']],
  [undefined, [...what, '--nsqd-http-address=h:1', '--count=3']],
]

test('what is wrong with the flags, the first thing alone', () => {
  for (const [problem, argv] of CASES) {
    assert.equal(problemOf(nsqStatOptions, nsqStatProblem, argv), problem, argv.join(' '))
  }
})
