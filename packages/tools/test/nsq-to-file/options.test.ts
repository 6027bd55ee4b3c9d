import assert from 'node:assert/strict'
import { test } from 'node:test'

import { nsqToFileOptions, nsqToFileProblem, topicFilter } from '../../src/nsq-to-file/options.ts'
import { problemOf } from '../support/problem-of.ts'

const DIRECT = ['--nsqd-tcp-address=h:1', '--topic=t']
const CASES: readonly (readonly [string | undefined, readonly string[]])[] = [
  ['--channel is required', ['--channel=', '--gzip-level=0']],
  ['--http-client-connect-timeout should be positive', ['--http-client-connect-timeout=0']],
  ['--http-client-request-timeout should be positive', ['--http-client-request-timeout=-1s']],
  ['--nsqd-tcp-address or --lookupd-http-address required.', ['--topic=t', '--gzip-level=0']],
  [
    'use --nsqd-tcp-address or --lookupd-http-address not both',
    [...DIRECT, '--lookupd-http-address=h:1'],
  ],
  ['invalid --gzip-level value (10), should be 1-9', [...DIRECT, '--gzip-level=10']],
  ['--topic or --topic-pattern required', ['--nsqd-tcp-address=h:1']],
  [
    '--lookupd-http-address must be specified when no --topic specified',
    ['--nsqd-tcp-address=h:1', '--topic-pattern=a'],
  ],
  ['--sync-interval should be positive', [...DIRECT, '--sync-interval=0']],
  ['use --gzip or --zstd not both', [...DIRECT, '--gzip', '--zstd']],
  [undefined, DIRECT],
  [undefined, ['--lookupd-http-address=h:1', '--topic-pattern=^a']],
]

test('what is wrong with the flags, the first thing alone', () => {
  for (const [problem, argv] of CASES) {
    assert.equal(problemOf(nsqToFileOptions, nsqToFileProblem, argv), problem, argv.join(' '))
  }
  const pattern = problemOf(nsqToFileOptions, nsqToFileProblem, [...DIRECT, '--topic-pattern=['])
  assert.match(pattern ?? '', /^--topic-pattern is invalid: /)
})

test('a pattern may be found anywhere in the name, unless it says where', () => {
  assert.ok(topicFilter('der')('orders'))
  assert.ok(topicFilter('^or|ers$')('orders'))
  assert.ok(!topicFilter('^der')('orders'))
  assert.ok(topicFilter('(?i)ORD')('orders'))
  assert.ok(topicFilter('')('anything'))
})
