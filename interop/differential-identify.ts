// IDENTIFY, right and wrong. What nsqd would upgrade to (TLS, deflate, snappy) is asked for in -upgrades.
import { type Command, int32, line, sized } from './differential-commands.ts'
import { MAX_BODY_SIZE } from './differential-limits.ts'
import type { Random } from '@tsq/testing'

const head = line('IDENTIFY')

interface Field {
  readonly name: string
  /** Values as JSON text. */
  readonly good: readonly string[]
  readonly bad: readonly string[]
}

const integers = ['1000.0', '1e3', '1.5', '"1000"', 'true', '{}', '[]', '-0.0']
const huge = ['9007199254740993', '2147483648', '-2147483649', '99999999999999999999']

const fields: readonly Field[] = [
  {
    name: 'heartbeat_interval',
    good: ['0', '60000', '30000', 'null', '-0'],
    // The shortest is good, but the connection does not live long with it.
    bad: ['1000', '999', '60001', '-2', '1', ...integers, ...huge],
  },
  {
    name: 'output_buffer_timeout',
    good: ['0', '5', '25', 'null'],
    // The first two are good, but the reference then sits on messages.
    bad: ['-1', '30000', '4', '30001', '-2', ...integers, ...huge],
  },
  {
    name: 'output_buffer_size',
    good: ['0', '-1', '64', '65536', 'null'],
    bad: ['63', '65537', '-2', '1', ...integers, ...huge],
  },
  {
    name: 'sample_rate',
    good: ['0', 'null'],
    bad: ['-1', '100', '-2', '2147483647', ...integers, ...huge],
  },
  {
    name: 'msg_timeout',
    good: ['0', '60000', '900000', 'null'],
    bad: ['-1', '999', '900001', ...integers, ...huge],
  },
  { name: 'client_id', good: ['"me"', '""', 'null', '"\\u00e9\\n<&>"'], bad: ['1', 'false', '[]'] },
  { name: 'hostname', good: ['"here"', 'null', '"\\ud800x"'], bad: ['1', '{}'] },
  { name: 'user_agent', good: ['"agent/1.0"', 'null'], bad: ['1.5', '[1]'] },
  { name: 'feature_negotiation', good: ['true', 'false', 'null'], bad: ['1', '"true"', '{}'] },
  { name: 'tls_v1', good: ['false', 'null'], bad: ['0', '""'] },
  { name: 'deflate', good: ['false', 'null'], bad: ['0', '"x"'] },
  { name: 'snappy', good: ['false', 'null'], bad: ['0', '[]'] },
  { name: 'deflate_level', good: ['0', '-5', '3', '99', 'null'], bad: integers },
  // The release knows no topology, so what is wrong with these does not matter to it.
  { name: 'topology_region', good: ['"eu"', 'null'], bad: ['""'] },
  { name: 'topology_zone', good: ['"eu-1"', 'null'], bad: ['""'] },
  {
    name: 'short_id',
    good: ['"x"', '1', '{"a":[1,{}]}', '[[]]', 'null'],
    bad: ['nul', '01', '+1'],
  },
]

/** A good IDENTIFY, always with feature negotiation's answer or without it at random. */
export function identify(random: Random, clientId: string, isAgain = false): Command {
  const members = [`"client_id":${JSON.stringify(clientId)}`]
  for (const field of fields) {
    if (field.name === 'client_id' || !random.chance(0.3)) continue
    const member = `"${spell(random, field.name)}":${random.pick(field.good)}`
    // With a buffer that was turned off and on again the reference keeps the last messages for itself.
    if (!isAgain || !field.name.startsWith('output_buffer')) members.push(member)
  }
  return whole(Buffer.from(object(random, members)))
}

/** Messages would be left out at random. */
export function identifySampled(random: Random, clientId: string): Command {
  const rate = random.pick(['1', '30', '50', '98', '99'])
  const negotiation = `"feature_negotiation":${random.chance(0.7)}`
  const members = [`"client_id":${JSON.stringify(clientId)}`, `"sample_rate":${rate}`, negotiation]
  return whole(Buffer.from(object(random, members)))
}

/** Heartbeats are off, so that SUB must be refused. */
export function identifyWithoutHeartbeats(): Command {
  return whole(Buffer.from('{"heartbeat_interval":-1}'))
}

export function badIdentify(random: Random): Command {
  return random.weighted<() => Command>([
    [8, () => badFields(random)],
    [3, () => oddDocument(random)],
    [1, () => ({ parts: [head, int32(random.pick([0, -1]))], hasAnswer: true })],
    [1, () => ({ parts: [head, int32(MAX_BODY_SIZE + 1)], hasAnswer: true })],
    [1, () => ({ parts: [head], hasAnswer: false, isTruncated: true })],
    [1, () => ({ parts: [head, int32(9).subarray(1)], hasAnswer: false, isTruncated: true })],
    [1, () => ({ parts: [head, int32(9), head], hasAnswer: false, isTruncated: true })],
  ])()
}

function badFields(random: Random): Command {
  const members: string[] = []
  const count = random.between(1, 3)
  for (let i = 0; i < count; i++) {
    const field = random.pick(fields)
    const values = i === 0 || random.chance(0.5) ? field.bad : field.good
    members.push(`"${spell(random, field.name)}":${random.pick(values)}`)
    if (random.chance(0.2))
      members.push(`"${spell(random, field.name)}":${random.pick(field.good)}`)
  }
  return whole(Buffer.from(object(random, members)))
}

/** Bodies that are not one JSON object, or only just. */
function oddDocument(random: Random): Command {
  const text = random.pick([
    '',
    ' ',
    '[]',
    '"x"',
    '1',
    'null',
    'true',
    '{',
    '{}x',
    '{} {}',
    ' {}\n',
    '{"a":1,}',
    "{'a':1}",
    '{"a"}',
    '{a:1}',
    '{"a":undefined}',
    '\ufeff{}',
    '{"client_id":"\u0001"}',
    '{"a":"\\x"}',
    '{"client_id":"\\ud834\\udd1e"}',
    '{"":1}',
    '{"__proto__":1}',
    'nul',
    '{"a":NaN}',
    '{"a":-}',
    '{"a":[1,2,]}',
    '{"a":1 "b":2}',
    '{"client_id":"\xff"}',
    '['.repeat(500),
    '{"a":.5}',
  ])
  const body = Buffer.from(text, random.chance(0.5) ? 'utf8' : 'latin1')
  return body.length === 0 ? { parts: [head, int32(0)], hasAnswer: true } : whole(body)
}

/** Keys match whatever their case. */
function spell(random: Random, name: string): string {
  return random.chance(0.1)
    ? random.pick([name.toUpperCase(), `${name[0]?.toUpperCase()}${name.slice(1)}`])
    : name
}

function object(random: Random, members: readonly string[]): string {
  return random.chance(0.2) ? `{ ${members.join(' ,\n ')}\t}` : `{${members.join(',')}}`
}

function whole(body: Buffer): Command {
  return { parts: [head, sized(body)], hasAnswer: true }
}
