// Takes out of an HTTP body what differs from nsqd to nsqd and from run to run, and nothing else.

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Figures whose value says nothing. */
const MASKED_KEYS = new Set(['start_time', 'http_port', 'tcp_port'])
/** Options that are each nsqd's own. */
const OWN_OPTIONS = new Set(['/config/auth_http_addresses'])

/** @param ports of the script's connections, each with the connection's number. */
export function maskBody(target: string, body: string, ports: ReadonlyMap<number, number>): string {
  if (body.includes('"TLS_REQUIRED"'))
    return body.replace(/"https_port": [1-9]\d*/, '"https_port": N')
  if (OWN_OPTIONS.has(target)) return body.replace(/\/auth\/\w+/g, '/auth/NSQD')
  const isStats = target.startsWith('/stats')
  if (!isStats && !target.startsWith('/info')) return body
  if (!body.startsWith('{')) return isStats ? maskText(body, ports) : body
  const parsed: Json = JSON.parse(body)
  return JSON.stringify(maskJson(parsed, '', ports), undefined, 1)
}

function maskJson(value: Json, key: string, ports: ReadonlyMap<number, number>): Json {
  if (key === 'memory') return typeof value === 'object' ? Object.keys(value ?? {}) : value
  if ((key === 'clients' || key === 'producers') && isList(value)) {
    return maskClients(value, ports, key === 'producers')
  }
  if (isList(value)) return value.map((item) => maskJson(item, '', ports))
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value)
    return Object.fromEntries(entries.map(([name, item]) => [name, maskJson(item, name, ports)]))
  }
  if (key === 'value') return value === 0 ? 0 : typeof value
  return MASKED_KEYS.has(key) ? typeof value : value
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

/** Sorted by connection. Producers of other scripts, which nsqd lists whatever the topic, are left out. */
function maskClients(
  clients: readonly Json[],
  ports: ReadonlyMap<number, number>,
  isOwnOnly: boolean,
): Json {
  const masked: [number, Json][] = []
  for (const client of clients) {
    if (client === null || typeof client !== 'object' || isList(client)) return clients
    const address = client['remote_address']
    const port = typeof address === 'string' ? Number(address.split(':').at(-1)) : 0
    const on = ports.get(port)
    if (on === undefined && isOwnOnly) continue
    const fields = { ...client, remote_address: `connection ${on}`, connect_ts: 'number' }
    masked.push([on ?? -1, fields])
  }
  masked.sort(([a], [b]) => a - b)
  return masked.length === 0 && isOwnOnly ? null : masked.map(([, client]) => client)
}

/** The text form for people: times and memory masked, other scripts' producers left out. */
function maskText(body: string, ports: ReadonlyMap<number, number>): string {
  const lines: string[] = []
  /** Clients in a row come in any order. */
  let clients: string[] = []
  let isProducers = false
  for (const line of body.split('\n')) {
    const [, port] = /\[V2 .*?:(\d+) /.exec(line) ?? []
    if (port !== undefined) {
      const on = ports.get(Number(port))
      if (on === undefined && isProducers) continue
      clients.push(maskLine(line.replace(`:${port} `, `:connection${on} `)))
      continue
    }
    lines.push(...clients.toSorted())
    clients = []
    if (line.startsWith('Producers:')) isProducers = true
    lines.push(isProducers ? line.replace('Producers: None', 'Producers:') : maskLine(line))
  }
  return lines.join('\n')
}

function maskLine(line: string): string {
  return line
    .replace(/^nsqd v1\.3\.0 \(.*\)$/, 'nsqd v1.3.0 (build)')
    .replace(/^start_time \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/, 'start_time TIME')
    .replace(/^uptime (\d+(\.\d+)?(h|m|s|ms|µs))+$/, 'uptime DURATION')
    .replace(/^( {3}[a-z_0-9]+ *\t)\d+$/, '$1N')
    .replace(/\b(?!0\.0ns)\d+\.\d(ns|us|ms|s)\b/g, 'LATENCY')
    .replace(/connected: (\d+(h|m|s))+$/, 'connected: DURATION')
}
