import assert from 'node:assert/strict'
import { test } from 'node:test'

import { nsqToHttpOptions, nsqToHttpProblem } from '../../src/nsq-to-http/options.ts'
import { problemOf } from '../support/problem-of.ts'

const source = ['--topic=t', '--nsqd-tcp-address=h:1']
const post = '--post=http://h/'

const CASES: readonly (readonly [string | undefined, readonly string[]])[] = [
  [`--header value format should be 'key: value', not "name:"`, ['--header=name:']],
  ['--topic and --channel are required', []],
  ['--topic and --channel are required', ['--topic=t', '--channel=']],
  ['--content-type only used with --post', [...source, '--content-type=a/b']],
  ['--content-type requires a value when used', [...source, post, '--content-type=']],
  ['--nsqd-tcp-address or --lookupd-http-address required', ['--topic=t', post]],
  [
    'use --nsqd-tcp-address or --lookupd-http-address not both',
    [...source, post, '--lookupd-http-address=h:1'],
  ],
  ['--get or --post required', source],
  ['use --get or --post not both', [...source, post, '--get=http://h/%s']],
  ['invalid GET address - must be a printf string', [...source, '--get=http://h/']],
  ['ERROR: --sample must be between 0.0 and 1.0', [...source, post, '--sample=1.1']],
  ['ERROR: --sample must be between 0.0 and 1.0', [...source, post, '--sample=-0.1']],
  ['--tls-cert and --tls-key go together', [...source, post, '--tls-cert=file']],
  ['--n must be [1,100000]', [...source, post, '--n=0']],
  [undefined, [...source, post, '--content-type=application/json', '--header=a:b']],
  [undefined, ['--topic=t', '--lookupd-http-address=h:1', '--get=http://h/%s']],
]

test('what is wrong with the flags, the first thing alone', () => {
  for (const [problem, argv] of CASES) {
    assert.equal(problemOf(nsqToHttpOptions, nsqToHttpProblem, argv), problem, argv.join(' '))
  }
})
