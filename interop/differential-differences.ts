// Where our nsqd deliberately is not like nsqd 1.3.0. Every entry is also told in docs/differences.md.
import type { Observation, Seen } from './differential-player.ts'

/** What the two nsqds showed at the same step. */
export interface Pair {
  readonly theirs: Observation
  readonly ours: Observation
}

export interface Difference {
  readonly name: string
  readonly reason: string
  /** Takes the difference out, and nothing else. Absent where the generator keeps out of its way. */
  readonly reconcile?: (pair: Pair) => Pair
  /** What follows in the script says nothing any more. */
  readonly endsScript?: boolean
}

const TOPOLOGY_KEYS = ['topology_region', 'topology_zone', 'global_msg_count']

export const differences: readonly Difference[] = [
  {
    name: 'MPUB names its error code once',
    reason: 'the reference doubles it: E_BAD_TOPIC E_BAD_TOPIC MPUB topic name …',
    reconcile: ({ theirs, ours }) => ({
      theirs: mapAnswers(theirs, (text) =>
        text.replace('1 E_BAD_TOPIC E_BAD_TOPIC MPUB', '1 E_BAD_TOPIC MPUB'),
      ),
      ours,
    }),
  },
  {
    name: 'the error before a close can be read',
    reason: 'the reference resets a connection with unread input, which loses the error frame',
    reconcile: ({ theirs, ours }) => {
      const connections = mapSeen(theirs, (their, on) => {
        const our = ours.connections[on]
        if (their.state !== 'reset' || our?.state !== 'ended') return their
        const last = our.answers.at(-1)
        const isLost =
          last?.startsWith('1 E_') === true && our.answers.length === their.answers.length + 1
        const answers = isLost ? [...their.answers, last] : their.answers
        return { ...their, answers, state: 'ended' }
      })
      return { theirs: { ...theirs, connections }, ours }
    },
  },
  {
    name: 'a failed handshake is told in the words of OpenSSL',
    reason: 'the reference has those of Go',
    reconcile: ({ theirs, ours }) => ({
      theirs: mapAnswers(theirs, withoutHandshakeReason),
      ours: mapAnswers(ours, withoutHandshakeReason),
    }),
  },
  {
    name: 'characters that are new in Unicode are quoted as they are',
    reason: 'Go 1.19 does not know them yet, and escapes them',
    reconcile: ({ theirs, ours }) => ({
      theirs: mapAnswers(theirs, withoutEscapes),
      ours: mapAnswers(ours, withoutEscapes),
    }),
  },
  {
    name: 'a topic that goes takes no publish with it',
    reason:
      'while the reference deletes a topic, publishes to it fail with exiting; ours is gone at once and made anew',
    reconcile: ({ theirs, ours }) => {
      const isExiting =
        theirs.http?.body.includes('"EXITING"') === true ||
        Object.values(theirs.connections).some(
          ({ answers }) => answers.at(-1)?.endsWith(' failed exiting') === true,
        )
      return isExiting ? { theirs: ours, ours } : { theirs, ours }
    },
    endsScript: true,
  },
  {
    name: 'topology is told',
    reason:
      'IDENTIFY, /info and /stats have the keys of topology-aware consumption, which came after the release',
    reconcile: ({ theirs, ours }) => ({
      theirs,
      ours: {
        connections: mapAnswers(ours, withoutTopologyText).connections,
        http: ours.http && { ...ours.http, body: withoutTopologyLines(ours.http.body) },
      },
    }),
  },
  {
    name: 'an emptied list of nsqlookupds is []',
    reason: 'the reference says null when it was emptied with null',
    reconcile: ({ theirs, ours }) =>
      theirs.http?.body === 'null' && ours.http?.body === '[]'
        ? { theirs: { ...theirs, http: { ...theirs.http, body: '[]' } }, ours }
        : { theirs, ours },
  },
  {
    name: 'plain HTTP on the HTTPS port is told so',
    reason: 'by GET, HEAD, POST and PUT, which OpenSSL knows; the reference knows OPTIONS too',
  },
  {
    name: '/debug is for Node',
    reason:
      'what Go tells of itself means nothing here; only paths, methods and bad input are compared',
  },
  {
    name: 'expressions of an auth server match whole names',
    reason: 'in the reference any part may match; the scripts anchor theirs',
  },
  {
    name: 'snappy chunks to be passed over may be of any length',
    reason: 'as the format says; the reference closes for one of more than 76,490 bytes',
  },
  {
    name: 'a deflate stream that breaks is read no further',
    reason: 'the reference takes what comes out before the break for a command, and answers it',
  },
  {
    name: 'IDENTIFY after an upgrade is refused',
    reason: 'the reference may then send outside the layer',
  },
  {
    name: "what is not quite HTTP is read by Node's parser",
    reason:
      'requests after an empty line or without a version, other versions, a broken chunk and the target *',
  },
  {
    name: 'topics are made by what is valid',
    reason:
      'the reference makes the topic before it looks at the body of MPUB and /mpub, or at the delay of /pub',
  },
  {
    name: 'numbers do not wrap',
    reason: 'RDY, DPUB and REQ past 64 bits are too large; in the reference 2^64 + 1 is 1',
  },
  {
    name: 'sample_rate is exact',
    reason: 'the reference delivers one percent more than it is asked for',
  },
  {
    name: 'a closed connection gives its messages back at once',
    reason: 'in the reference they wait for their timeout',
  },
  {
    name: 'messages do not wait in an output buffer',
    reason:
      'the reference holds them for up to output_buffer_timeout, or without end when that is -1',
  },
  {
    name: 'timeouts and delays are kept to the millisecond',
    reason: 'the reference looks every 100 ms, at 20 channels, and at new ones only after 5 s',
  },
  {
    name: 'a repeated IDENTIFY counts in full',
    reason: 'the reference reports it, but beats and delivers as the first one said',
  },
  {
    name: 'pub_counts has every topic',
    reason: 'the reference lists one of them at random',
  },
]

function withoutHandshakeReason(text: string): string {
  return text.replace(/^(1 E_IDENTIFY_FAILED IDENTIFY failed) .*$/s, '$1')
}

/** Of characters that Go's literals escape by number. Answers are shown byte by byte. */
function withoutEscapes(text: string): string {
  return text.replaceAll(/\\u([0-9a-f]{4})|\\U([0-9a-f]{8})/g, (_, short?: string, long?: string) =>
    Buffer.from(String.fromCodePoint(Number.parseInt(short ?? long ?? '', 16))).toString('latin1'),
  )
}

/** From the answer to IDENTIFY. */
function withoutTopologyText(text: string): string {
  return text.replace(',"topology_region":"","topology_zone":""}', '}')
}

/** From masked JSON, which has a key a line. */
function withoutTopologyLines(body: string): string {
  if (!TOPOLOGY_KEYS.some((key) => body.includes(`"${key}":`))) return body
  return JSON.stringify(
    JSON.parse(body, (key, value: unknown) => (TOPOLOGY_KEYS.includes(key) ? undefined : value)),
    undefined,
    1,
  )
}

function mapSeen(
  seen: Observation,
  change: (seen: Seen, on: number) => Seen,
): Observation['connections'] {
  return Object.fromEntries(
    Object.entries(seen.connections).map(([on, one]) => [on, change(one, Number(on))]),
  )
}

function mapAnswers(seen: Observation, change: (text: string) => string): Observation {
  const connections = mapSeen(seen, (one) => ({ ...one, answers: one.answers.map(change) }))
  return { ...seen, connections }
}
