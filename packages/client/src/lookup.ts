// Asks nsqlookupd over HTTP.

import { Agent as HttpAgent, request as requestHttp, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { isIP } from 'node:net'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { addressKey } from './address.ts'
import { ArgumentError, asError, LookupError } from './errors.ts'
import { isObject, parseObject } from './json.ts'

/** More than this is no answer of an nsqlookupd. */
const MAX_ANSWER_BYTES = 16_777_216

const keepAlive = { keepAlive: true, maxSockets: 4, timeout: 120_000 }
const httpAgent = new HttpAgent(keepAlive)
const httpsAgent = new HttpsAgent(keepAlive)

/**
 * Reads the address of an nsqlookupd: `host:port`, or a URL.
 *
 * @throws {ArgumentError} `ERR_ADDRESS`, also for an address without a port.
 */
export function parseLookupdAddress(text: string): URL {
  const full = /^https?:\/\//.test(text) ? text : `http://${text}`
  let url: URL
  try {
    url = new URL(full)
  } catch {
    throw new ArgumentError('ERR_ADDRESS', `nsqlookupd address ${JSON.stringify(text)} is no URL`)
  }
  if (full === text || url.port !== '' || full.includes(':80')) return url
  throw new ArgumentError('ERR_ADDRESS', `nsqlookupd address ${JSON.stringify(text)}: missing port`)
}

/** One nsqlookupd to ask. */
export interface LookupTarget {
  readonly url: URL
  /** Which of the addresses behind the URL's name to connect to; any of them where absent. */
  readonly ip?: string
}

export interface LookupRequest {
  readonly timeoutMs: number
  /** Sent as a bearer token; none where empty. */
  readonly authSecret: string
  /** For `https://`: `ca`, `cert`, `key` and so on. */
  readonly tls?: TlsOptions | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * The nsqd addresses that have a topic, from one nsqlookupd.
 *
 * @throws {LookupError} also with status 404, which is normal for a new topic.
 */
export function lookUpTopic(
  lookupd: LookupTarget,
  topic: string,
  request: LookupRequest,
): Promise<string[]> {
  return askForNodes(lookupd, '/lookup', topic, request)
}

/** The addresses of every nsqd one nsqlookupd knows. */
export function lookUpNodes(lookupd: LookupTarget, request: LookupRequest): Promise<string[]> {
  return askForNodes(lookupd, '/nodes', undefined, request)
}

async function askForNodes(
  lookupd: LookupTarget,
  path: string,
  topic: string | undefined,
  request: LookupRequest,
): Promise<string[]> {
  const url = new URL(lookupd.url)
  if (url.pathname === '' || url.pathname === '/') url.pathname = path
  if (topic !== undefined) url.searchParams.set('topic', topic)
  const { status, text } = await get(url, lookupd.ip, request)
  const address = lookupd.ip === undefined ? url.host : `${url.host} (${lookupd.ip})`
  if (status !== 200) {
    const shown = text.slice(0, 200)
    throw new LookupError(`${url.href} answered ${status} ${shown}`, { address, status })
  }
  const answer = parseObject(text)
  // Before NSQ 1.0 the answer was wrapped in { status_code, status_txt, data }.
  const data = isObject(answer?.['data']) ? answer['data'] : answer
  const nodes = data?.['producers']
  if (!Array.isArray(nodes)) {
    throw new LookupError(`${url.href} answered no list of producers`, { address, status })
  }
  return nodes.flatMap((node: unknown) => (isObject(node) ? nodeAddress(node) : []))
}

function nodeAddress(node: Readonly<Record<string, unknown>>): string[] {
  const port = node['tcp_port']
  const host = ['broadcast_address', 'hostname', 'address']
    .map((name) => node[name])
    .find((found) => typeof found === 'string' && found !== '')
  if (typeof host !== 'string' || typeof port !== 'number') return []
  return [addressKey(host, port)]
}

interface HttpAnswer {
  readonly status: number
  readonly text: string
}

function get(url: URL, ip: string | undefined, options: LookupRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const isSecure = url.protocol === 'https:'
    const headers: Record<string, string> = { Accept: 'application/vnd.nsq; version=1.0' }
    if (options.authSecret !== '') headers['Authorization'] = `Bearer ${options.authSecret}`
    const late = AbortSignal.timeout(options.timeoutMs)
    const signal = options.signal === undefined ? late : AbortSignal.any([late, options.signal])
    const fail = (cause: unknown): void => {
      const { message } = asError(late.aborted ? late.reason : cause)
      const at = ip === undefined ? '' : ` at ${ip}`
      const text = `${url.href}${at} cannot be asked: ${message}`
      reject(new LookupError(text, { address: url.host, cause }))
    }
    const settings = {
      ...(ip === undefined ? {} : dialInstead(url, ip)),
      ...(isSecure ? options.tls : {}),
      headers: { ...headers, Host: url.host },
      signal,
      agent: isSecure ? httpsAgent : httpAgent,
    }
    const onAnswer = (answer: IncomingMessage): void => {
      readAll(answer).then(
        (text) => resolve({ status: answer.statusCode ?? 0, text }),
        (cause: unknown) => fail(cause),
      )
    }
    const asking = isSecure
      ? requestHttps(url, settings, onAnswer)
      : requestHttp(url, settings, onAnswer)
    asking.on('error', fail).end()
  })
}

/** Connects to an address, but asks for the name, and verifies the certificate for it. */
function dialInstead(
  url: URL,
  ip: string,
): { host: string; hostname: string; servername?: string } {
  const isName = isIP(url.hostname) === 0
  return { host: ip, hostname: ip, ...(isName ? { servername: url.hostname } : {}) }
}

async function readAll(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) continue
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`answer of more than ${MAX_ANSWER_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
