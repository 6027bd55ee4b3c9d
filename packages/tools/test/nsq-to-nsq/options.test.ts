import assert from 'node:assert/strict'
import { test } from 'node:test'

import { nsqToNsqOptions, nsqToNsqProblem } from '../../src/nsq-to-nsq/options.ts'
import { problemOf } from '../support/problem-of.ts'

const from = '--nsqd-tcp-address=h:1'
const to = '--destination-nsqd-tcp-address=h:2'

const CASES: readonly (readonly [string | undefined, readonly string[]])[] = [
  ['--topic and --channel are required', [from, to]],
  ['--topic and --channel are required', ['--topic=a', '--channel=', from, to]],
  ['--topic is invalid', ['--topic=a', '--topic=a b', from, to]],
  ['--destination-topic is invalid', ['--topic=a', '--destination-topic=a b', from, to]],
  ['--channel is invalid', ['--topic=a', '--channel=a b', from, to]],
  ['--nsqd-tcp-address or --lookupd-http-address required', ['--topic=a', to]],
  [
    'use --nsqd-tcp-address or --lookupd-http-address not both',
    ['--topic=a', from, '--lookupd-http-address=h:1', to],
  ],
  ['--destination-nsqd-tcp-address required', ['--topic=a', from]],
  [undefined, ['--topic=a', '--topic=b', '--lookupd-http-address=h:1', to, to]],
]

test('what is wrong with the flags, the first thing alone', () => {
  for (const [problem, argv] of CASES) {
    assert.equal(problemOf(nsqToNsqOptions, nsqToNsqProblem, argv), problem, argv.join(' '))
  }
})
