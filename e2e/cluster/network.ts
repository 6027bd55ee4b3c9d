// A network of namespaces: every node has one of its own with an address of its own, and a router joins them. All of
// it is invisible to the rest of the machine.

import { spawnSync } from 'node:child_process'

import type { Place } from './place.ts'

const PREFIX = 'tsq'
const OURS = /^tsq(\d+)-/
const ROUTER = 'router'
const SUBNET = '10.77'
const MAX_NODES = 200

/** One machine of the network, as far as its processes can tell. */
export interface NetworkNode extends Place {
  readonly name: string
}

interface Node extends NetworkNode {
  /** The router's end of the cable to it. */
  readonly cable: string
}

/** Namespaces need the right to make them: as a rule, root on Linux. */
export class Network implements Disposable {
  readonly #nodes: Node[] = []

  /** A network without nodes, or a sentence that says why there is none. */
  static create(): Network | string {
    if (process.platform !== 'linux') return 'network namespaces are a thing of Linux'
    removeStale()
    const network = new Network()
    try {
      network.#addRouter()
      return network
    } catch (error) {
      network[Symbol.dispose]()
      return `network namespaces are not permitted here: ${(error as Error).message}`
    }
  }

  #addRouter(): void {
    const router = namespace(ROUTER)
    ip('netns', 'add', router)
    ip('-n', router, 'link', 'set', 'lo', 'up')
    run(['ip', 'netns', 'exec', router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1'])
  }

  add(name: string): NetworkNode {
    const index = this.#nodes.length + 1
    if (index > MAX_NODES) throw new Error(`no more than ${MAX_NODES} nodes`)
    const own = namespace(name)
    const router = namespace(ROUTER)
    const node: Node = {
      name,
      host: `${SUBNET}.${index}.2`,
      cable: `to-${index}`,
      commandFor: (words) => ['ip', 'netns', 'exec', own, ...words],
    }
    this.#nodes.push(node)
    ip('netns', 'add', own)
    ip('-n', own, 'link', 'set', 'lo', 'up')
    const ends = ['eth0', 'netns', own, 'type', 'veth', 'peer', 'name', node.cable, 'netns', router]
    ip('link', 'add', ...ends)
    ip('-n', own, 'address', 'add', `${node.host}/24`, 'dev', 'eth0')
    ip('-n', router, 'address', 'add', `${SUBNET}.${index}.1/24`, 'dev', node.cable)
    ip('-n', own, 'link', 'set', 'eth0', 'up')
    ip('-n', router, 'link', 'set', node.cable, 'up')
    ip('-n', own, 'route', 'add', 'default', 'via', `${SUBNET}.${index}.1`)
    return node
  }

  /** From now on nothing gets from one to the other, either way, and nobody is told. */
  cut(one: NetworkNode, other: NetworkNode): void {
    blackhole('add', one, other)
    blackhole('add', other, one)
  }

  heal(one: NetworkNode, other: NetworkNode): void {
    blackhole('del', one, other)
    blackhole('del', other, one)
  }

  /**
   * Holds up everything the router sends to a node.
   *
   * @returns why it can't, or undefined.
   */
  delay(node: NetworkNode, ms: number): string | undefined {
    const { cable } = this.#nodes.find(({ name }) => name === node.name)!
    const rule = ['dev', cable, 'root', 'netem', 'delay', `${ms}ms`]
    try {
      run(['tc', '-n', namespace(ROUTER), 'qdisc', 'add', ...rule])
      return undefined
    } catch (error) {
      return `this kernel delays no packets: ${(error as Error).message}`
    }
  }

  /** Takes the network down. Processes in it must have ended. */
  [Symbol.dispose](): void {
    for (const { name } of this.#nodes) remove(namespace(name))
    remove(namespace(ROUTER))
    this.#nodes.length = 0
  }
}

/** Named after this process, so that the next one knows what a killed one left. */
function namespace(name: string): string {
  return `${PREFIX}${process.pid}-${name}`
}

/** What is on its way from one to the other falls into a hole at the router. */
function blackhole(verb: 'add' | 'del', from: NetworkNode, to: NetworkNode): void {
  const match = ['from', from.host, 'to', to.host]
  ip('-n', namespace(ROUTER), 'rule', verb, ...match, 'priority', '100', 'blackhole')
}

/** Removes networks of processes that are gone, with whatever still runs in them. */
function removeStale(): void {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  for (const line of (stdout ?? '').split('\n')) {
    const [name = ''] = line.split(' ')
    const pid = Number(OURS.exec(name)?.[1] ?? process.pid)
    if (pid === process.pid || isAlive(pid)) continue
    const inside = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout ?? ''
    for (const left of inside.split('\n')) {
      if (left !== '' && isAlive(Number(left))) process.kill(Number(left), 'SIGKILL')
    }
    remove(name)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function remove(name: string): void {
  spawnSync('ip', ['netns', 'delete', name], { stdio: 'ignore' })
}

function ip(...words: readonly string[]): void {
  run(['ip', ...words])
}

function run([command = '', ...args]: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return
  const reason = error?.message ?? stderr.trim()
  throw new Error(`${[command, ...args].join(' ')}: ${reason}`)
}
