// AUTH, right and wrong; what the auth server answers stands in the secret.
import { secretFor, type Told } from './auth-server.ts'
import { type Command, int32, line, sized } from './differential-commands.ts'
import { MAX_BODY_SIZE } from './differential-limits.ts'
import type { Random } from '@tsq/testing'

const head = line('AUTH')

/** AUTH as it should be. What it allows may still not suffice for what follows. */
export function auth(random: Random, name: string, topics: readonly string[]): Command {
  const answer = { status: 200, body: JSON.stringify(grant(random, name, topics)) }
  return authWith(name, [answer])
}

/**
 * One that allows everything for a second. Then the auth server is asked again, and says something else.
 *
 * @returns the command, and how long to wait.
 */
export function briefAuth(random: Random, name: string): { command: Command; waitMs: number } {
  const all = { topic: '.*', channels: ['.*'], permissions: ['subscribe', 'publish'] }
  const allowed = JSON.stringify({ ttl: 1, identity: 'brief', authorizations: [all] })
  const then = random.pick([
    { status: 200, body: allowed },
    { status: 200, body: '{"ttl":60,"authorizations":[]}' },
    { status: 500, body: 'away' },
    { status: 200, body: '{"ttl":60,"identity":"other","authorizations":[]}' },
  ])
  return { command: authWith(name, [{ status: 200, body: allowed }, then]), waitMs: 1_100 }
}

/** AUTH that is refused: by its form, or by the auth server. */
export function badAuth(random: Random, name: string): Command {
  const all = '{"topic":".*","channels":[".*"],"permissions":["subscribe","publish"]}'
  const bodies = [
    '',
    '{',
    'null',
    '[]',
    '{}',
    `{"ttl":60}`,
    `{"ttl":60,"authorizations":null}`,
    `{"ttl":60,"authorizations":[]}`,
    `{"ttl":60,"authorizations":{}}`,
    `{"ttl":0,"authorizations":[${all}]}`,
    `{"ttl":-1,"authorizations":[${all}]}`,
    `{"ttl":"60","authorizations":[${all}]}`,
    `{"ttl":1.5,"authorizations":[${all}]}`,
    `{"ttl":60,"identity":1,"authorizations":[${all}]}`,
    `{"ttl":60,"authorizations":[${all}]} trailing`,
    `{"ttl":60,"authorizations":[{"topic":"(","channels":[".*"],"permissions":["publish"]}]}`,
    `{"ttl":60,"authorizations":[{"topic":".*","channels":["["],"permissions":["publish"]}]}`,
    `{"ttl":60,"authorizations":[{"topic":"(?=a)","channels":[],"permissions":["publish"]}]}`,
    `{"ttl":60,"authorizations":[{"topic":"a\\\\1","channels":[],"permissions":["publish"]}]}`,
    `{"ttl":60,"authorizations":[{"topic":".*","channels":[".*"],"permissions":["all"]}]}`,
    `{"ttl":60,"authorizations":[{"topic":".*","channels":[".*"],"permissions":[""]}]}`,
    `{"ttl":60,"authorizations":[{"topic":1,"channels":[],"permissions":["publish"]}]}`,
    `{"ttl":60,"authorizations":[{"topic":".*","channels":"c","permissions":["publish"]}]}`,
    // These are odd but right.
    `{"TTL":60,"Identity":"case","Authorizations":[${all}]}`,
    `{"ttl":60,"identity":null,"identity_url":null,"authorizations":[${all}],"more":[{}]}`,
    `{"ttl":60,"identity":"<\u00e9&\\u2028\\n>","identity_url":"http://x/?a=1&b","authorizations":[${all}]}`,
    ` {"ttl":60,"ttl":61,"authorizations":[${all},${all}]}\n`,
  ]
  const status = random.weighted([
    [12, 200],
    [1, 201],
    [1, 204],
    [1, 301],
    [1, 400],
    [1, 403],
    [1, 500],
  ])
  return random.weighted<() => Command>([
    [10, () => authWith(name, [{ status, body: random.pick(bodies) }])],
    [1, () => ({ parts: [line('AUTH', ''), sized(Buffer.from('x'))], hasAnswer: true })],
    [1, () => ({ parts: [line('AUTH', 'secret'), sized(Buffer.from('x'))], hasAnswer: true })],
    [1, () => ({ parts: [head, int32(random.pick([0, -1]))], hasAnswer: true })],
    [1, () => ({ parts: [head, int32(MAX_BODY_SIZE + 1)], hasAnswer: true })],
    [1, () => ({ parts: [head, sized(Buffer.from('no secret of ours'))], hasAnswer: true })],
    [1, () => ({ parts: [head, sized(Buffer.from([0xff, 0, 0x26, 0x25]))], hasAnswer: true })],
    [1, () => ({ parts: [head], hasAnswer: false, isTruncated: true })],
    [1, () => ({ parts: [head, int32(9).subarray(1)], hasAnswer: false, isTruncated: true })],
    [1, () => ({ parts: [head, int32(9), head], hasAnswer: false, isTruncated: true })],
  ])()
}

function authWith(name: string, told: Told): Command {
  return { parts: [head, sized(Buffer.from(secretFor(name, told)))], hasAnswer: true }
}

/** Expressions match whole names here: ours anchors them. */
function grant(random: Random, name: string, topics: readonly string[]): object {
  const both = ['subscribe', 'publish']
  const start = `^${escape(name)}`
  const authorizations = random.weighted<() => object[]>([
    [6, () => [{ topic: '^.*$', channels: ['^.*$'], permissions: both }]],
    [2, () => [{ topic: `${start}.*$`, channels: ['.*'], permissions: both }]],
    [1, () => [{ topic: '.*', channels: ['.*'], permissions: ['publish'] }]],
    [1, () => [{ topic: '.*', channels: ['.*'], permissions: ['subscribe'] }]],
    [1, () => [{ topic: '.*', channels: ['^.+$'], permissions: both }]],
    [1, () => [{ topic: '.*', channels: [], permissions: both }]],
    [1, () => [{ topic: '.*', channels: ['^c$', '^$'], permissions: both }]],
    [1, () => [{ topic: '.*', channels: ['^(?:c|d\\.[0-9])$'], permissions: ['subscribe'] }]],
    [1, () => [{ topic: '(?i)^S.*$', channels: ['^[^e]*$'], permissions: both }]],
    [
      2,
      () =>
        topics.map((topic) => ({
          topic: `^${escape(topic)}$`,
          channels: ['.*'],
          permissions: random.pick([both, ['publish'], ['subscribe'], []]),
        })),
    ],
  ])()
  const identity = random.pick([
    {},
    { identity: 'bob' },
    { identity: 'b', identity_url: 'http://b/?a&b' },
  ])
  return { ttl: 3_600, ...identity, authorizations }
}

function escape(name: string): string {
  return name.replace(/[.#]/g, String.raw`\$&`)
}
