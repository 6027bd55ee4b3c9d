// HTTP calls of the scripts, right and wrong.
import { batch, int32, sized } from './differential-commands.ts'
import { MAX_BODY_SIZE, MAX_MSG_SIZE } from './differential-limits.ts'
import { badName } from './differential-names.ts'
import type { Random } from '@tsq/testing'
import type { HttpStep } from './differential-script.ts'

const NONE = Buffer.alloc(0)
const ADMIN = ['create', 'delete', 'empty', 'pause', 'unpause'] as const

export function http(
  method: string,
  target: string,
  body: Buffer = NONE,
  isChunked = false,
): HttpStep {
  return { kind: 'http', method, target, body, isChunked, via: 'http' }
}

export function topicQuery(topic: string): string {
  return `topic=${encodeURIComponent(topic)}`
}

/** The call that creates, deletes, pauses … */
export function admin(random: Random, topic: string, channel: string): HttpStep {
  const action = random.pick(ADMIN)
  return random.chance(0.5)
    ? http('POST', `/topic/${action}?${topicQuery(topic)}`)
    : http('POST', `/channel/${action}?${topicQuery(topic)}&channel=${encodeURIComponent(channel)}`)
}

/** The same with arguments missing, bad, repeated, or that don't parse. */
export function badAdmin(random: Random, topic: string, channel: string): HttpStep {
  const action = random.pick(ADMIN)
  const path = `/${random.pick(['topic', 'channel'])}/${action}`
  const bad = percent(badName(random))
  const query = random.pick([
    '',
    '?',
    '?topic',
    '?topic=',
    '?channel=c',
    '?topic=%zz',
    '?topic=a;b',
    '?x=%2',
    '?%zz=1',
    `?topic=${bad}`,
    `?topic=${bad}&channel=c`,
    `?${topicQuery(topic)}&channel=${bad}`,
    `?${topicQuery(topic)}`,
    `?${topicQuery(topic)}&channel`,
    `?${topicQuery(topic)}&channel=`,
    `?${topicQuery(topic)}&topic=other&channel=${encodeURIComponent(channel)}`,
    `?topic=unheard-of-${topic.slice(0, 20)}&channel=c`,
    `?Topic=${topic}&channel=${encodeURIComponent(channel)}`,
    `?&&${topicQuery(topic)}&channel=unheard-of`,
  ])
  return http('POST', path + query, random.chance(0.1) ? Buffer.from('topic=form') : NONE)
}

export function publish(random: Random, topic: string, bodies: readonly Buffer[]): HttpStep {
  const [first = NONE] = bodies
  const isChunked = random.chance(0.2)
  if (bodies.length === 1 && random.chance(0.7)) {
    const defer = random.pick(['', '', '', '&defer=0', '&defer=3600000', '&other=1'])
    return http('POST', `/pub?${topicQuery(topic)}${defer}`, first, isChunked)
  }
  const isBinary = random.chance(0.5)
  const text = bodies.flatMap((body) => [body, Buffer.from(random.pick(['\n', '\n\n']))])
  const flag = isBinary
    ? random.pick(['&binary=true', '&binary=1', '&binary', '&binary=', '&binary=yes'])
    : random.pick(['', '&binary=false', '&binary=0', '&defer=10'])
  const body = isBinary ? batch(bodies) : Buffer.concat(text)
  return http('POST', `/mpub?${topicQuery(topic)}${flag}`, body, isChunked)
}

/** A publish that is refused, or is nearly. The topic is there already. */
export function badPublish(random: Random, topic: string): HttpStep {
  const isChunked = random.chance(0.3)
  const body = Buffer.from('body')
  const t = topicQuery(topic)
  const bad = `topic=${percent(badName(random))}`
  const queries = ['', '?topic', '?topic=', `?${bad}`, '?topic=%zz', '?a;b']
  const defers = [
    '',
    '-1',
    '3600001',
    '1.5',
    'x',
    '+5',
    '0x1',
    '%20',
    '99999999999999999999',
    '1_0',
  ]
  const tooBig = Buffer.alloc(MAX_MSG_SIZE + 1, 'a')
  const batches = [
    NONE,
    int32(0),
    int32(-1),
    int32(1),
    int32(MAX_BODY_SIZE),
    int32(2).subarray(1),
    Buffer.concat([int32(1), int32(0)]),
    Buffer.concat([int32(1), int32(-1)]),
    Buffer.concat([int32(2), sized(body)]),
    Buffer.concat([int32(1), int32(9), body]),
    Buffer.concat([int32(1), sized(tooBig)]),
    Buffer.concat([int32(1), int32(3).subarray(1)]),
    Buffer.concat([batch([body]), Buffer.from('trailing')]),
  ]
  const texts = [
    NONE,
    Buffer.from('\n\n'),
    Buffer.from('a\r\nb'),
    tooBig,
    Buffer.alloc(9_000, 'b\n'),
  ]
  return random.pick([
    () => http('POST', `/pub?${t}`, NONE, isChunked),
    () => http('POST', `/pub?${t}`, tooBig, isChunked),
    () => http('POST', `/pub?${bad}`, tooBig, isChunked),
    () => http('POST', `/pub${random.pick(queries)}`, body, isChunked),
    () => http('POST', `/pub?${t}&defer${random.pick(['', '='])}${random.pick(defers)}`, body),
    () => http('POST', `/mpub${random.pick(queries)}`, body, isChunked),
    () => http('POST', `/mpub?${t}&binary=true`, random.pick(batches), isChunked),
    () => http('POST', `/mpub?${t}`, random.pick(texts), isChunked),
  ])()
}

/** Paths and methods that lead elsewhere than to a handler. */
export function stray(random: Random): HttpStep {
  const method = random.pick(['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'])
  const path = random.pick([
    '/',
    '/ping',
    '/info',
    '/pub',
    '/mpub',
    '/stats?topic=unheard-of',
    '/topic/create',
    '/channel/pause',
    '/ping/',
    '/PING',
    '//ping',
    '/stats/',
    '/Topic/Create',
    '/topic',
    '/topic/',
    '/nothing',
    '/topic/create/',
    '/topic//create',
    '/ping?x=%zz',
    '/./ping',
    '/a/../ping',
    '/pin%67',
    '/put',
    '/stats/x',
    '/info/?a=b',
    '/channel/../topic/delete',
  ])
  return http(method, path)
}

/** What nsqd says of itself and of one topic, with every parameter. */
export function status(random: Random, topic: string, channel: string): HttpStep {
  const c = encodeURIComponent(channel)
  const flags = ['', '=', '=true', '=false', '=0', '=1', '=maybe', '=TRUE']
  const clients = random.chance(0.4) ? `&include_clients${random.pick(flags)}` : ''
  const memory = random.chance(0.5) ? `&include_mem${random.pick(flags)}` : ''
  const format = random.pick(['&format=json', '&format=json', '&format=JSON', '&format=text', ''])
  const which = random.pick([
    topicQuery(topic),
    topicQuery(topic),
    `${topicQuery(topic)}&channel=${c}`,
    `${topicQuery(topic)}&channel=unheard-of`,
    'topic=unheard-of',
    `topic=unheard-of&channel=${c}`,
  ])
  const stats = (): HttpStep => http('GET', `/stats?${which}${format}${clients}${memory}`)
  return random.weighted<() => HttpStep>([
    [10, stats],
    [1, () => http('GET', '/ping')],
    [1, () => http('GET', '/info')],
    [1, () => http('GET', '/stats?format=json&topic=%zz')],
  ])()
}

function percent(bytes: Buffer): string {
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
}
