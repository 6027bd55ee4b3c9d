// Where our nsqlookupd differs from NSQ's on purpose: what is done, what each answers, and why ours differs.

import { LookupdPeer } from './lookupd-peer.ts'
import type { RunningLookupd } from './lookupd-process.ts'

export interface Difference {
  readonly name: string
  readonly why: string
  readonly run: (lookupd: RunningLookupd) => Promise<unknown>
  readonly reference: unknown
  readonly ours: unknown
}

const IDENTITY = {
  broadcast_address: 'n1.test',
  tcp_port: 24_150,
  http_port: 24_151,
  version: '1.3.0',
  hostname: 'n1',
}

export const differences: readonly Difference[] = [
  {
    name: '`*` deletes every topic',
    why: 'a parameter that slipped through must not wipe the directory',
    run: async (lookupd) => {
      await lookupd.http('POST', '/channel/create?topic=keep&channel=c')
      await lookupd.http('POST', '/topic/delete?topic=*')
      return topics(lookupd)
    },
    reference: [],
    ours: ['keep'],
  },
  {
    name: '`*` finds every topic',
    why: 'it is a name that no topic can have',
    run: async (lookupd) => {
      await lookupd.http('POST', '/channel/create?topic=t1&channel=c')
      await lookupd.http('POST', '/channel/create?topic=t2&channel=c')
      const lookup = await lookupd.http('GET', '/lookup?topic=*')
      return [lookup.status, (await lookupd.http('GET', '/channels?topic=*')).body]
    },
    reference: [200, '{"channels":["c","c"]}'],
    ours: [404, '{"channels":[]}'],
  },
  {
    name: '`*` tombstones some topic of a node',
    why: 'which one is left to chance',
    run: async (lookupd) => {
      const peer = await identified(lookupd)
      await say(peer, 'REGISTER only\n')
      await lookupd.http('POST', '/topic/tombstone?topic=*&node=n1.test:24151')
      return producers(lookupd, 'only')
    },
    reference: 0,
    ours: 1,
  },
  {
    name: 'a tombstone by an IPv6 address in brackets',
    why: 'nsqadmin writes it so, and a tombstone that never fits hides nothing',
    run: async (lookupd) => {
      const peer = await identified(lookupd, { ...IDENTITY, broadcast_address: 'fd00::1' })
      await say(peer, 'REGISTER six\n')
      await lookupd.http('POST', '/topic/tombstone?topic=six&node=%5Bfd00::1%5D:24151')
      return producers(lookupd, 'six')
    },
    reference: 1,
    ours: 0,
  },
  {
    name: 'ephemeral names of a nsqd that went away',
    why: 'they are to go with their last nsqd; nobody will ever unregister them',
    run: async (lookupd) => {
      const peer = await identified(lookupd)
      await say(peer, 'REGISTER live#ephemeral c\n')
      await say(peer, 'REGISTER lasting tail#ephemeral\n')
      peer.end()
      await peer.answers(1)
      const channels = await lookupd.http('GET', '/channels?topic=lasting')
      return [await topics(lookupd), channels.body]
    },
    reference: [['lasting', 'live#ephemeral'], '{"channels":["tail#ephemeral"]}'],
    ours: [['lasting'], '{"channels":[]}'],
  },
  {
    name: 'channels of a topic that was unregistered',
    why: 'an ephemeral channel goes however it loses its last nsqd, and any channel goes with its ephemeral topic',
    run: async (lookupd) => {
      const peer = await identified(lookupd)
      await say(peer, 'REGISTER live#ephemeral c\n')
      await say(peer, 'REGISTER lasting tail#ephemeral\n')
      await say(peer, 'UNREGISTER live#ephemeral\n')
      await say(peer, 'UNREGISTER lasting\n')
      const live = await lookupd.http('GET', '/channels?topic=live%23ephemeral')
      const lasting = await lookupd.http('GET', '/channels?topic=lasting')
      return [live.body, lasting.body]
    },
    reference: ['{"channels":["c"]}', '{"channels":["tail#ephemeral"]}'],
    ours: ['{"channels":[]}', '{"channels":[]}'],
  },
  {
    name: 'a line of more than 4,096 bytes',
    why: 'a line without an end must not fill the memory',
    run: async (lookupd) => {
      const peer = await connected(lookupd)
      const [answer = ''] = await say(peer, `${'x'.repeat(5_000)}\n`)
      return answer.slice(0, 50)
    },
    reference: `E_INVALID invalid command ${'x'.repeat(24)}`,
    ours: 'E_INVALID line too long, the limit is 4096 bytes',
  },
  {
    name: 'an IDENTIFY of more than 64 KiB',
    why: 'real ones have some 200 bytes; NSQ makes room for up to 2 GiB before any of it has come',
    run: async (lookupd) => {
      const peer = await connected(lookupd)
      return (await identify(peer, `${JSON.stringify(IDENTITY)}${' '.repeat(65_536)}`)).slice(0, 46)
    },
    reference: '{"broadcast_address":"lookupd.test","hostname"'.slice(0, 46),
    ours: 'E_BAD_BODY IDENTIFY failed to read body size',
  },
  {
    name: 'a port that is none',
    why: 'consumers would be sent there',
    run: async (lookupd) => {
      const peer = await connected(lookupd)
      const answer = await identify(peer, JSON.stringify({ ...IDENTITY, tcp_port: -1 }))
      return answer.slice(0, 44)
    },
    reference: '{"broadcast_address":"lookupd.test","hostnam',
    ours: 'E_BAD_BODY IDENTIFY tcp_port -1 is not a port'.slice(0, 44),
  },
  {
    name: 'a whole number written with a fraction',
    why: 'JSON does not tell 24150.0 from 24150',
    run: async (lookupd) => {
      const peer = await connected(lookupd)
      const body = JSON.stringify(IDENTITY).replace(':24150,', ':24150.0,')
      return (await identify(peer, body)).slice(0, 40)
    },
    reference: 'E_BAD_BODY IDENTIFY failed to decode JSON body'.slice(0, 40),
    ours: '{"broadcast_address":"lookupd.test","hos',
  },
  {
    name: 'a name of more than 1,024 characters in IDENTIFY',
    why: 'it is kept and sent to everybody who asks',
    run: async (lookupd) => {
      const peer = await connected(lookupd)
      const body = JSON.stringify({ ...IDENTITY, hostname: 'h'.repeat(1_025) })
      return (await identify(peer, body)).slice(0, 42)
    },
    reference: '{"broadcast_address":"lookupd.test","hostn',
    ours: 'E_BAD_BODY IDENTIFY field too long 1025 > 1024'.slice(0, 42),
  },
  {
    name: 'the time of a tombstone never set',
    why: 'NSQ shows what its zero time happens to be in nanoseconds',
    run: async (lookupd) => {
      await identified(lookupd)
      const { body } = await lookupd.http('GET', '/debug')
      return /"tombstoned":false,"tombstoned_at":(-?\d+)/.exec(body)?.[1]
    },
    reference: '-6795364578871345152',
    ours: '0',
  },
  {
    name: 'profiles of the Go runtime, metrics for Prometheus',
    why: 'there is no Go runtime here',
    run: async (lookupd) => {
      const pprof = await lookupd.http('GET', '/debug/pprof/cmdline')
      return [pprof.status, (await lookupd.http('GET', '/metrics')).status]
    },
    reference: [200, 404],
    ours: [404, 200],
  },
  // Last: the reference does not survive it.
  {
    name: 'an IDENTIFY of negative length',
    why: 'one bad peer must not take the directory down',
    run: async (lookupd) => {
      const peer = await connected(lookupd)
      peer.send(Buffer.from('IDENTIFY\n\xff\xff\xff\xff', 'latin1'))
      const [answer] = await peer.answers(1)
      if (lookupd.binary === 'reference') await lookupd.exited()
      return [answer, lookupd.isRunning ? 'runs on' : 'died']
    },
    reference: ['<end>', 'died'],
    ours: ['E_BAD_BODY IDENTIFY failed to read body size', 'runs on'],
  },
]

async function connected(lookupd: RunningLookupd): Promise<LookupdPeer> {
  const peer = await LookupdPeer.connect(lookupd.tcpPort)
  peer.send(Buffer.from('  V1'))
  return peer
}

async function identified(
  lookupd: RunningLookupd,
  identity: Readonly<Record<string, unknown>> = IDENTITY,
): Promise<LookupdPeer> {
  const peer = await connected(lookupd)
  await identify(peer, JSON.stringify(identity))
  return peer
}

async function identify(peer: LookupdPeer, body: string): Promise<string> {
  const head = Buffer.from('IDENTIFY\n0000')
  head.writeInt32BE(Buffer.byteLength(body), head.length - 4)
  peer.send(Buffer.concat([head, Buffer.from(body)]))
  return (await peer.answers(1))[0] ?? ''
}

function say(peer: LookupdPeer, line: string): Promise<string[]> {
  peer.send(Buffer.from(line))
  return peer.answers(1)
}

async function topics(lookupd: RunningLookupd): Promise<string[]> {
  const { topics: names }: { topics: string[] } = JSON.parse(
    (await lookupd.http('GET', '/topics')).body,
  )
  return names.toSorted()
}

async function producers(lookupd: RunningLookupd, topic: string): Promise<number> {
  const { producers: found }: { producers: unknown[] } = JSON.parse(
    (await lookupd.http('GET', `/lookup?topic=${topic}`)).body,
  )
  return found.length
}
