// Everything that is checked once, before nsqadmin listens. The texts are those of nsqadmin 1.3.0 where it has any.

import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { createSecureContext, type ConnectionOptions, type SecureContextOptions } from 'node:tls'

import { parseListenAddress, StartupError } from '@tsq/daemon'

import { parseUser, type User } from './auth/users.ts'
import { Cidr } from './cidr.ts'
import type { NsqadminOptions } from './options.ts'

/** What the options come to. */
export interface Settings {
  /** `''` or `/admin`: what every path begins with. */
  readonly basePath: string
  /** For questions to nsqlookupd and nsqd. */
  readonly upstreamTls: ConnectionOptions
  /** For tails, over TCP: the same, once anything is said of it; false to ask for no TLS. */
  readonly nsqdTls: ConnectionOptions | false
  /** For the listener; undefined for plain HTTP. */
  readonly serverTls: SecureContextOptions | undefined
  readonly configFrom: Cidr | undefined
  readonly graphite: URL | undefined
  readonly users: readonly User[]
}

/** @throws {StartupError} */
export async function prepare(options: NsqadminOptions): Promise<Settings> {
  const upstreamTls = upstreamTlsOf(options)
  const serverTls = options.tlsCert === '' ? undefined : loadPair(options.tlsCert, options.tlsKey)
  await Promise.all([
    ...options.lookupdHttpAddresses.map((address) => resolve('lookupd-http-address', address)),
    ...options.nsqdHttpAddresses.map((address) => resolve('nsqd-http-address', address)),
  ])
  return {
    basePath: normalBasePath(options.basePath),
    upstreamTls,
    nsqdTls: isUpstreamTlsSet(options) ? upstreamTls : false,
    serverTls,
    configFrom: cidrOf(options.allowConfigFromCidr),
    graphite: graphiteOf(options),
    users: usersOf(options.users),
  }
}

/** `adm/` becomes `/adm`, `/` becomes nothing. */
export function normalBasePath(text: string): string {
  const parts = text.split('/').filter((part) => part !== '')
  return parts.map((part) => `/${part}`).join('')
}

function upstreamTlsOf(options: NsqadminOptions): ConnectionOptions {
  const {
    httpClientTlsCert: cert,
    httpClientTlsKey: key,
    httpClientTlsRootCaFile: caFile,
  } = options
  return {
    rejectUnauthorized: !options.httpClientTlsInsecureSkipVerify,
    ...(cert === '' ? {} : loadPair(cert, key)),
    ...(caFile === '' ? {} : { ca: loadAuthorities(caFile) }),
  }
}

function isUpstreamTlsSet(options: NsqadminOptions): boolean {
  const { httpClientTlsCert, httpClientTlsRootCaFile, httpClientTlsInsecureSkipVerify } = options
  return (
    httpClientTlsCert !== '' || httpClientTlsRootCaFile !== '' || httpClientTlsInsecureSkipVerify
  )
}

function loadPair(certFile: string, keyFile: string): SecureContextOptions {
  try {
    const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) }
    createSecureContext(pair)
    return pair
  } catch (cause) {
    const text = `failed to LoadX509KeyPair ${certFile}, ${keyFile} - ${reasonOf(cause)}`
    throw new StartupError(text, { cause })
  }
}

function loadAuthorities(file: string): Buffer {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (cause) {
    const text = `failed to read TLS root CA file ${file} - ${reasonOf(cause)}`
    throw new StartupError(text, { cause })
  }
  try {
    // OpenSSL takes any text for authorities and then trusts nobody.
    parseCertificate(bytes)
  } catch (cause) {
    throw new StartupError(`failed to AppendCertsFromPEM ${file}`, { cause })
  }
  return bytes
}

function parseCertificate(pem: Buffer): X509Certificate {
  return new X509Certificate(pem)
}

/** Only to find misspelt addresses early; who they belong to need not be up. */
async function resolve(flag: string, address: string): Promise<void> {
  const fail = (reason: string, cause?: unknown): never => {
    throw new StartupError(`failed to resolve --${flag} (${address}) - ${reason}`, { cause })
  }
  let host = ''
  try {
    const parsed = parseListenAddress(address)
    if (parsed.kind !== 'tcp' || parsed.port === 0) return fail('must be host:port')
    host = parsed.host
  } catch (error) {
    return fail(reasonOf(error), error)
  }
  if (host === '') return fail('must be host:port')
  if (isIP(host) !== 0) return
  await lookup(host).catch((error: unknown) => fail(`lookup ${host}: no such host`, error))
}

function cidrOf(text: string): Cidr | undefined {
  if (text === '') return undefined
  const cidr = Cidr.parse(text)
  if (cidr !== undefined) return cidr
  const reason = `invalid CIDR address: ${text}`
  throw new StartupError(`failed to parse --allow-config-from-cidr (${text}) - ${reason}`)
}

function graphiteOf({ graphiteUrl }: NsqadminOptions): URL | undefined {
  if (graphiteUrl === '') return undefined
  const url = URL.canParse(graphiteUrl) ? new URL(graphiteUrl) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url
  const reason = 'must be a URL of http or https'
  throw new StartupError(`failed to parse --graphite-url (${graphiteUrl}) - ${reason}`)
}

function usersOf(entries: readonly string[]): User[] {
  const users = entries.map((entry, i) => {
    const user = parseUser(entry)
    if (typeof user !== 'string') return user
    throw new StartupError(`--user number ${i + 1} ${user}`)
  })
  const names = users.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new StartupError(`--user names ${JSON.stringify(twice)} twice`)
  return users
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return ('code' in error ? REASONS[String(error.code)] : undefined) ?? error.message
}
