import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import {
  type ClientOptions,
  clientKeys,
  clientOptions,
  connectionOptionsOf,
} from '../../src/common/client-options.ts'

const option = clientOptions({ flag: 'consumer-opt', doc: '' })

function given(...values: readonly string[]): ClientOptions {
  return values.map((value) => option.parse(value)).reduce((a, b) => option.append(a, b))
}

void suite('client options by their names in go-nsq', () => {
  void test('a dash in a key is an underscore, and the last value counts', () => {
    const { connection } = given('heartbeat-interval,5s', 'msg_timeout,1m', 'msg_timeout,2m30s')
    assert.deepEqual(connection, { heartbeatIntervalMs: 5_000, msgTimeoutMs: 150_000 })
  })

  void test('a key without a value is true, and only the first comma parts them', () => {
    assert.equal(given('snappy').connection.snappy, true)
    assert.equal(given('auth_secret,a,b').connection.authSecret, 'a,b')
  })

  void test('what only consumers know is kept apart', () => {
    const { connection, consumer } = given('max_attempts,0', 'max_backoff_duration,0s')
    assert.deepEqual(connection, {})
    assert.deepEqual(consumer, { maxAttempts: 0, maxBackoffMs: 0 })
  })

  void test('TLS is asked for by tls_v1 alone, with a certificate once both parts are there', () => {
    const [skip, cert] = ['tls_insecure_skip_verify', `tls_cert,${import.meta.filename}`]
    assert.equal(connectionOptionsOf(given(skip, cert)).tls, undefined)
    assert.deepEqual(connectionOptionsOf(given('tls_v1', skip, cert)).tls, {
      rejectUnauthorized: false,
    })
    const { tls } = connectionOptionsOf(given('tls_v1', cert, `tls_key,${import.meta.filename}`))
    assert.deepEqual(Object.keys(tls as object), ['cert', 'key'])
  })

  // The texts are what nsq_tail 1.3.0 printed.
  const refused: Readonly<Record<string, string>> = {
    'sample_rate,100': 'invalid sample_rate ! 100 > 99',
    'sample_rate,x':
      'failed to coerce option sample_rate (x) - strconv.ParseInt: parsing "x": invalid syntax',
    'nope,1': 'invalid option nope',
    'toString,1': 'invalid option toString',
    'tls_v1,lol':
      'failed to coerce option tls_v1 (lol) - strconv.ParseBool: parsing "lol": invalid syntax',
    'msg_timeout,5': 'failed to coerce option msg_timeout (5) - time: missing unit in duration "5"',
    'msg_timeout,5q':
      'failed to coerce option msg_timeout (5q) - time: unknown unit "q" in duration "5q"',
    'msg_timeout,abc': 'failed to coerce option msg_timeout (abc) - time: invalid duration "abc"',
    msg_timeout: 'failed to coerce option msg_timeout (true) - invalid value type',
    'tls_min_version,tls1.3': 'ERROR: tls1.3 is not a tls version',
    'local_addr,foo':
      'failed to coerce option local_addr (foo) - address foo: missing port in address',
    'lookupd_poll_jitter,2': 'invalid lookupd_poll_jitter ! 2 > 1',
    'lookupd_poll_jitter,x':
      'failed to coerce option lookupd_poll_jitter (x) - strconv.ParseFloat: parsing "x": invalid syntax',
    'lookupd_poll_interval,1ms': 'invalid lookupd_poll_interval ! 1ms < 10ms',
    'max_requeue_delay,2h': 'invalid max_requeue_delay ! 2h0m0s > 1h0m0s',
    // nsq_tail panics here, and wraps the next one round.
    'backoff_strategy,foo':
      'failed to coerce option backoff_strategy (foo) - must be exponential or full_jitter',
    'max_attempts,70000': 'invalid max_attempts ! 70000 > 65535',
  }
  for (const [value, reason] of Object.entries(refused)) {
    void test(`${value} is refused in NSQ's words`, () => {
      assert.throws(() => option.parse(value), { code: 'ERR_OPTION_VALUE', message: reason })
    })
  }

  void test('options that do not go together are refused at the start', () => {
    assert.throws(() => connectionOptionsOf(given('heartbeat_interval,2m')), {
      message: 'HeartbeatInterval 2m0s must be less than ReadTimeout 1m0s',
    })
    assert.throws(() => connectionOptionsOf(given('deflate', 'snappy')), {
      message:
        'failed to IDENTIFY - E_IDENTIFY_FAILED cannot enable both deflate and snappy compression',
    })
  })

  void test('every key says what it is', () => {
    for (const [name, { doc }] of Object.entries(clientKeys)) assert.ok(doc.length > 5, name)
  })
})
