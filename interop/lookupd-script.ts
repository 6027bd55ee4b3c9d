// Scripts of TCP V1 and HTTP calls, made from a seed.

import { Random } from '@tsq/testing'

export type Step =
  | { readonly kind: 'connect'; readonly peer: number; readonly magic: string }
  | {
      readonly kind: 'send'
      readonly peer: number
      readonly bytes: Buffer
      readonly answers: number
    }
  /** Sends no more; the daemon answers what it must and closes. */
  | { readonly kind: 'end'; readonly peer: number }
  | { readonly kind: 'close'; readonly peer: number }
  | { readonly kind: 'http'; readonly method: string; readonly target: string }

const PEERS = 4
export const SCRIPT_TOPICS = ['orders', 'returns', 'a.b-c_D', 'live#ephemeral', 'feed#ephemeral']
export const SCRIPT_CHANNELS = ['ship', 'archive', 'tail#ephemeral', 'view#ephemeral']
const BAD_NAMES = ['to$pic', 'x#other', '', '#ephemeral', 'n'.repeat(65), 'a b', 'grüße', '\ttab']
const GOOD_ODD_NAMES = ['n'.repeat(64), `${'n'.repeat(54)}#ephemeral`, '-', '...']

/** The script of a seed. The same seed gives the same script. */
export function makeScript(seed: number, length: number): Step[] {
  return new ScriptMaker(seed).make(length)
}

/** How far a peer has come. A dead one was cut off and is connected anew when its turn comes. */
type PeerState = 'dead' | 'connected' | 'identified'

class ScriptMaker {
  readonly #random: Random
  readonly #peers: PeerState[] = Array.from({ length: PEERS }, () => 'dead')

  constructor(seed: number) {
    this.#random = new Random(seed)
  }

  make(length: number): Step[] {
    return Array.from({ length }, () =>
      this.#random.chance(0.65) ? this.#tcpStep() : this.#httpStep(),
    )
  }

  #tcpStep(): Step {
    const peer = Math.floor(this.#random.next() * PEERS)
    if (this.#peers[peer] === 'dead') {
      const magic = this.#random.chance(0.95)
        ? '  V1'
        : this.#random.pick(['  V2', 'GET ', ' V1 ', '\0\0\0\0'])
      if (magic === '  V1') this.#peers[peer] = 'connected'
      return { kind: 'connect', peer, magic }
    }
    if (this.#random.chance(0.06)) {
      this.#peers[peer] = 'dead'
      return { kind: this.#random.chance(0.5) ? 'end' : 'close', peer }
    }
    if (this.#peers[peer] === 'connected' && this.#random.chance(0.85)) return this.#identify(peer)
    if (this.#random.chance(0.08)) return this.#mistake(peer)
    // Pipelined now and then.
    const count = this.#random.chance(0.7) ? 1 : 1 + Math.floor(this.#random.next() * 5)
    const needsIdentify = this.#peers[peer] !== 'identified'
    const lines = Array.from({ length: count }, () => (needsIdentify ? 'PING\n' : this.#command()))
    return { kind: 'send', peer, bytes: Buffer.from(lines.join('')), answers: count }
  }

  #command(): string {
    if (this.#random.chance(0.1)) return this.#random.pick(['PING\n', '  PING\r\n', 'PING now\n'])
    const verb = this.#random.chance(0.65) ? 'REGISTER' : 'UNREGISTER'
    const topic = this.#random.chance(0.97)
      ? this.#random.pick(SCRIPT_TOPICS)
      : this.#random.pick(GOOD_ODD_NAMES)
    const channel = this.#random.pick(SCRIPT_CHANNELS)
    const end = this.#random.pick(['\n', '\n', '\r\n', ' \n', ' more words\n'])
    // What follows a topic alone would be its channel.
    return this.#random.chance(0.6) ? `${verb} ${topic} ${channel}${end}` : `${verb} ${topic}\n`
  }

  #identify(peer: number): Step {
    const isGood = this.#random.chance(0.9)
    const body = isGood ? this.#goodBody(peer) : this.#badBody()
    this.#peers[peer] = isGood ? 'identified' : 'dead'
    const bytes = Buffer.from(body)
    const head = Buffer.from('IDENTIFY\n0000')
    head.writeInt32BE(bytes.length, head.length - 4)
    return { kind: 'send', peer, bytes: Buffer.concat([head, bytes]), answers: isGood ? 1 : 2 }
  }

  #goodBody(peer: number): string {
    return JSON.stringify({
      broadcast_address: this.#random.pick([`n${peer}.test`, 'shared.test', '<&>.test']),
      tcp_port: 24_150 + peer,
      [this.#random.pick(['http_port', 'HTTP_Port'])]: 34_150 + peer,
      version: this.#random.pick(['1.3.0', 'ünusual "version"']),
      ...(this.#random.chance(0.5) ? { hostname: `host-${peer}` } : { hostname: null }),
      ...(this.#random.chance(0.5) ? { topology_zone: 'z', topology_region: 'r' } : {}),
      ...(this.#random.chance(0.3) ? { remote_address: 'ignored', shoe_size: [9] } : {}),
    })
  }

  #badBody(): string {
    const good = { broadcast_address: 'a', tcp_port: 1, http_port: 2, version: '1' }
    return this.#random.pick([
      '',
      'null',
      '[]',
      '7',
      '{"tcp_port":',
      '{} {}',
      JSON.stringify({ ...good, tcp_port: '1' }),
      JSON.stringify({ ...good, tcp_port: 0 }),
      JSON.stringify({ ...good, http_port: 1.5 }),
      JSON.stringify({ ...good, version: '' }),
      JSON.stringify({ ...good, version: null }),
      JSON.stringify({ ...good, broadcast_address: 9 }),
      JSON.stringify({ ...good, remote_address: 5 }),
    ])
  }

  /** Something that ends the connection, with an answered and an unanswered command around it. */
  #mistake(peer: number): Step {
    const isIdentified = this.#peers[peer] === 'identified'
    const [name, channel] = [this.#random.pick(BAD_NAMES), this.#random.pick(SCRIPT_CHANNELS)]
    const lines = [
      'NOP\n',
      'ping\n',
      '\n',
      'REGISTER\n',
      'UNREGISTER \n',
      `REGISTER ${name.includes(' ') || name === '' ? '*' : name}\n`,
      `UNREGISTER  ${channel}\n`,
      ...(isIdentified ? ['IDENTIFY\n', 'REGISTER orders to$pic\n', 'UNREGISTER orders *\n'] : []),
    ]
    this.#peers[peer] = 'dead'
    const bytes = Buffer.from(`PING\n${this.#random.pick(lines)}REGISTER never\n`)
    return { kind: 'send', peer, bytes, answers: 3 }
  }

  #httpStep(): Step {
    const topic = encodeURIComponent(this.#random.pick(SCRIPT_TOPICS))
    const channel = encodeURIComponent(this.#random.pick(SCRIPT_CHANNELS))
    const bad = encodeURIComponent(this.#random.pick(BAD_NAMES))
    const peer = Math.floor(this.#random.next() * PEERS)
    const host = encodeURIComponent(this.#random.pick([`n${peer}.test`, 'shared.test', '<&>.test']))
    const calls = [
      `GET /lookup?topic=${topic}`,
      `GET /channels?topic=${topic}`,
      `POST /topic/create?topic=${topic}`,
      `POST /channel/create?topic=${topic}&channel=${channel}`,
      `POST /channel/delete?topic=${topic}&channel=${channel}`,
      `POST /topic/tombstone?topic=${topic}&node=${host}:${34_150 + peer}`,
      `POST /topic/tombstone?topic=${topic}&node=${host}:${34_150 + peer}`,
      ...(this.#random.chance(0.3) ? [`POST /topic/delete?topic=${topic}`] : []),
    ]
    const odd = [
      'GET /lookup',
      'GET /lookup?topic=',
      `GET /lookup?topic=${bad}`,
      'GET /lookup?topic=%zz',
      'GET /lookup?topic=a;b',
      `GET /lookup?topic=${topic}&topic=returns`,
      'GET /channels',
      'GET /channels?topic=',
      `GET /channels?topic=${bad}`,
      'GET /ping',
      'GET /info',
      'POST /topic/create',
      `POST /topic/create?topic=${bad}`,
      'POST /topic/delete',
      'POST /topic/delete?topic=',
      `POST /topic/tombstone?topic=${topic}`,
      'POST /topic/tombstone?node=n',
      `POST /topic/tombstone?topic=${topic}&node=`,
      'POST /channel/create',
      `POST /channel/create?topic=${topic}`,
      `POST /channel/create?topic=${bad}&channel=${bad}`,
      `POST /channel/create?topic=${topic}&channel=${bad}`,
      `POST /channel/delete?topic=${topic}`,
      `POST /channel/delete?topic=${bad}&channel=${channel}`,
      `POST /channel/delete?topic=${topic}&channel=*`,
      'GET /nothing',
      'POST /lookup?topic=a',
      'GET /topic/create?topic=a',
      'DELETE /topics',
      'HEAD /ping',
      'OPTIONS /lookup',
      'OPTIONS /topic/create',
      'GET /ping/',
      'GET //ping',
      'GET /LOOKUP?topic=a',
      'POST /topic/create/',
      'POST /create_topic?topic=a',
    ]
    const [method = '', target = ''] = this.#random
      .pick(this.#random.chance(0.75) ? calls : odd)
      .split(' ')
    return { kind: 'http', method, target }
  }
}
