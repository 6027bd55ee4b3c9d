// An nsqd as nsqlookupd, or it itself, tells of it.

import { hostPort } from '@tsq/daemon'

import { type Json, listIn, numberIn, objectIn, ShapeError, textIn, textsIn } from './shapes.ts'

/** A registered nsqd, with the names nsqadmin gives its JSON. */
export interface NodeInfo {
  /** `<nsqlookupd>/<address its connection comes from>` each; null without nsqlookupd. */
  readonly remote_addresses: readonly string[] | null
  readonly remote_address: string
  readonly hostname: string
  readonly broadcast_address: string
  readonly tcp_port: number
  readonly http_port: number
  readonly version: string
  readonly topology_zone?: string
  readonly topology_region?: string
  readonly topics: readonly { readonly topic: string; readonly tombstoned: boolean }[] | null
  /** Whether another node of the cluster is newer. */
  readonly out_of_date: boolean
}

/** Where a node is reached over HTTP; also its name on nsqadmin's pages. */
export function httpAddressOf(node: Pick<NodeInfo, 'broadcast_address' | 'http_port'>): string {
  return hostPort(node.broadcast_address, node.http_port)
}

/** Where a node is reached by clients. */
export function tcpAddressOf(node: Pick<NodeInfo, 'broadcast_address' | 'tcp_port'>): string {
  return hostPort(node.broadcast_address, node.tcp_port)
}

const HOST = /^[\w.:%-]+$/

/** A node out of the list of an nsqlookupd. @throws {ShapeError} */
export function registeredNodeIn(value: unknown, lookupd: string): NodeInfo {
  const json = objectIn(value, 'a producer')
  const remote = textIn(json, 'remote_address')
  const names = textsIn(json, 'topics')
  const tombstones = listIn(json, 'tombstones')
  const topics = names
    .map((topic, i) => ({ topic, tombstoned: tombstones[i] === true }))
    .toSorted((a, b) => compareText(a.topic, b.topic))
  return {
    ...identityIn(json),
    remote_addresses: [`${lookupd}/${remote}`],
    remote_address: remote,
    topics: topics.length === 0 ? null : topics,
  }
}

/** A node by its own `/info`. @throws {ShapeError} */
export function ownInfoIn(json: Json, topics: readonly string[]): NodeInfo {
  return {
    ...identityIn(json),
    remote_addresses: null,
    remote_address: '',
    topics: topics.length === 0 ? null : topics.map((topic) => ({ topic, tombstoned: false })),
  }
}

function identityIn(json: Json) {
  const broadcast = textIn(json, 'broadcast_address')
  // It becomes part of URLs; nothing but a name or an address may.
  if (!HOST.test(broadcast)) {
    throw new ShapeError(`broadcast_address ${JSON.stringify(broadcast)} is not a host`)
  }
  const zone = textIn(json, 'topology_zone')
  const region = textIn(json, 'topology_region')
  return {
    hostname: textIn(json, 'hostname'),
    broadcast_address: broadcast,
    tcp_port: portIn(json, 'tcp_port'),
    http_port: portIn(json, 'http_port'),
    version: textIn(json, 'version'),
    ...(zone === '' ? {} : { topology_zone: zone }),
    ...(region === '' ? {} : { topology_region: region }),
    out_of_date: false,
  }
}

function portIn(json: Json, name: string): number {
  const port = numberIn(json, name)
  // nsqd has -1 for a listener on a Unix socket.
  if (Number.isInteger(port) && port >= -1 && port < 65_536) return port
  throw new ShapeError(`${name} ${port} is not a port`)
}

/** The lists of several nsqlookupd as one: a node once, with every connection that was seen of it. */
export function mergeNodes(lists: readonly (readonly NodeInfo[])[]): NodeInfo[] {
  const merged = new Map<string, NodeInfo & { readonly remote_addresses: string[] }>()
  for (const node of lists.flat()) {
    const key = tcpAddressOf(node)
    const known = merged.get(key)
    const remotes = node.remote_addresses ?? []
    if (known === undefined) merged.set(key, { ...node, remote_addresses: [...remotes] })
    else known.remote_addresses.push(...remotes)
  }
  return inOrder(markOld([...merged.values()]))
}

/** Marks the nodes that run less than the newest version there is. */
function markOld(nodes: readonly NodeInfo[]): NodeInfo[] {
  const newest = nodes.map(versionOf).reduce((a, b) => (compareVersions(a, b) < 0 ? b : a), [])
  return nodes.map((node) => ({
    ...node,
    out_of_date: compareVersions(versionOf(node), newest) < 0,
  }))
}

/** By host name, then by address, so that nothing jumps about from one answer to the next. */
export function inOrder(nodes: readonly NodeInfo[]): NodeInfo[] {
  return nodes.toSorted(
    (a, b) =>
      compareText(a.hostname, b.hostname) ||
      compareText(a.broadcast_address, b.broadcast_address) ||
      a.http_port - b.http_port,
  )
}

const SEMVER = /^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/

/** Numbers, and then 0 for a pre-release, which comes before its release. Unreadable ones come first of all. */
function versionOf({ version }: NodeInfo): readonly (number | string)[] {
  const match = SEMVER.exec(version)
  if (match === null) return [0, 0, 0, 1]
  const [, major, minor, patch, pre] = match
  const numbers = [Number(major), Number(minor), Number(patch)]
  return pre === undefined ? [...numbers, 1] : [...numbers, 0, ...pre.split('.')]
}

function compareVersions(
  left: readonly (number | string)[],
  right: readonly (number | string)[],
): number {
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const a = left[i]
    const b = right[i]
    if (a === b) continue
    if (a === undefined) return -1
    if (b === undefined) return 1
    const numbers = [Number(a), Number(b)] as const
    if (numbers.every((n) => !Number.isNaN(n))) return numbers[0] - numbers[1]
    return compareText(String(a), String(b))
  }
  return 0
}

/** By the bytes of the texts, as Go sorts. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
