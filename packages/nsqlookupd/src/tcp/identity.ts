import { ProtocolError } from '@tsq/protocol'

import type { NodeIdentity } from '../registry/registered-node.ts'

const MAX_PORT = 65_535
/** A DNS name has 253 at most; what a peer says of itself is kept and sent to everybody who asks. */
const MAX_TEXT_LENGTH = 1_024

/**
 * Reads the body of IDENTIFY. Names of fields count in any case, unknown ones not at all; null is as good as absent.
 *
 * @throws {ProtocolError} `E_BAD_BODY`
 */
export function readIdentity(body: Buffer, remoteAddress: string): NodeIdentity {
  const fields = readFields(body)
  const text = (name: string): string => {
    const value = fields.get(name) ?? ''
    return typeof value === 'string' ? value : undecodable()
  }
  const integer = (name: string): number => {
    const value = fields.get(name) ?? 0
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : undecodable()
  }
  const identity: NodeIdentity = {
    remoteAddress,
    hostname: text('hostname'),
    broadcastAddress: text('broadcast_address'),
    tcpPort: integer('tcp_port'),
    httpPort: integer('http_port'),
    version: text('version'),
    topologyZone: text('topology_zone'),
    topologyRegion: text('topology_region'),
  }
  // It is replaced, but a wrong type is an error all the same.
  text('remote_address')
  checkIdentity(identity)
  return identity
}

function checkIdentity(identity: NodeIdentity): void {
  const { broadcastAddress, tcpPort, httpPort, version } = identity
  if (broadcastAddress === '' || tcpPort === 0 || httpPort === 0 || version === '') {
    throw new ProtocolError('E_BAD_BODY', 'IDENTIFY missing fields')
  }
  for (const [name, port] of [
    ['tcp_port', tcpPort],
    ['http_port', httpPort],
  ] as const) {
    if (port < 1 || port > MAX_PORT) {
      throw new ProtocolError('E_BAD_BODY', `IDENTIFY ${name} ${port} is not a port`)
    }
  }
  for (const value of Object.values(identity)) {
    if (typeof value === 'string' && value.length > MAX_TEXT_LENGTH) {
      const sizes = `${value.length} > ${MAX_TEXT_LENGTH}`
      throw new ProtocolError('E_BAD_BODY', `IDENTIFY field too long ${sizes}`)
    }
  }
}

function readFields(body: Buffer): ReadonlyMap<string, unknown> {
  let parsed: unknown
  try {
    parsed = JSON.parse(body.toString())
  } catch (error) {
    undecodable(error)
  }
  if (parsed === null) return new Map()
  if (typeof parsed !== 'object' || Array.isArray(parsed)) undecodable()
  const entries: readonly [string, unknown][] = Object.entries(parsed)
  return new Map(entries.map(([name, value]) => [name.toLowerCase(), value]))
}

function undecodable(cause?: unknown): never {
  throw new ProtocolError('E_BAD_BODY', 'IDENTIFY failed to decode JSON body', { cause })
}
