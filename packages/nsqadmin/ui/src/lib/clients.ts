// A consumer's connection as the page describes it.

import type { ClientStats } from '@tsq/clusterinfo'

/** `host:port`, and the client id where it says more than the host does. */
export function clientName(client: ClientStats): string {
  const port = client.remote_address.slice(client.remote_address.lastIndexOf(':') + 1)
  const isId = client.client_id === client.hostname
  const isShortHost = client.client_id === client.hostname.split('.')[0]
  const suffix = client.client_id === '' || isId || isShortHost ? '' : ` (${client.client_id})`
  return `${client.hostname}:${port}${suffix}`
}

export type Locality = 'zone' | 'region' | 'global'

/** How near a client is to its nsqd; `global` also where one of the two does not say. */
export function locality(client: ClientStats): Locality {
  const { node_topology_region: nodeRegion, node_topology_zone: nodeZone } = client
  const isRegion = (nodeRegion ?? '') !== '' && nodeRegion === client.topology_region
  const isZone = (nodeZone ?? '') !== '' && nodeZone === client.topology_zone
  if (isZone && (isRegion || (nodeRegion ?? '') === '')) return 'zone'
  return isRegion ? 'region' : 'global'
}

export interface Attribute {
  readonly text: string
  readonly title?: string
  readonly link?: string
}

export function clientAttributes(client: ClientStats): Attribute[] {
  const attributes: Attribute[] = []
  if (client.sample_rate > 0) attributes.push({ text: `Sampled ${client.sample_rate}%` })
  if (client.tls) attributes.push({ text: 'TLS', title: tlsTitle(client) })
  if (client.deflate) attributes.push({ text: 'Deflate' })
  if (client.snappy) attributes.push({ text: 'Snappy' })
  if (client.authed) attributes.push(authAttribute(client))
  if (client.topology_region) attributes.push({ text: client.topology_region, title: 'Region' })
  if (client.topology_zone) attributes.push({ text: client.topology_zone, title: 'Zone' })
  const near = locality(client)
  if (near === 'zone') attributes.push({ text: 'zoneLocal', title: 'In the zone of its nsqd' })
  if (near === 'region')
    attributes.push({ text: 'regionLocal', title: 'In the region of its nsqd' })
  return attributes
}

function tlsTitle(client: ClientStats): string {
  const { tls_version, tls_cipher_suite, tls_negotiated_protocol } = client
  const mutual = client.tls_negotiated_protocol_is_mutual ? 'mutual' : ''
  return [tls_version, tls_cipher_suite, tls_negotiated_protocol, mutual].filter(Boolean).join(' ')
}

function authAttribute(client: ClientStats): Attribute {
  const title = `Authed Identity: ${client.auth_identity}`
  const text = client.auth_identity === '' ? 'Authed' : client.auth_identity
  // The address comes from an auth server by way of a node: no javascript: links.
  return /^https?:\/\//i.test(client.auth_identity_url)
    ? { text, title, link: client.auth_identity_url }
    : { text, title }
}
