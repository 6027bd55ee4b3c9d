import {
  goJson,
  HttpError,
  HttpReply,
  type HttpRequest,
  JSON_TYPE,
  LOG_LEVELS,
  type Option,
  type Route,
} from '@tsq/daemon'

import type { Nsqd } from '../nsqd.ts'
import { isHostPort } from '../lookup/options.ts'
import { nsqdOptions } from '../options.ts'

const NS_PER_MS = 1e6
/** What Go's nsqd shows as numbers, by the word that is configured. */
const NUMBERS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  log_level: { debug: 1, info: 2, warn: 3, error: 4, fatal: 5 },
  tls_required: { false: 0, 'tcp-https': 1, true: 2 },
  tls_min_version: { '': 769, 'tls1.0': 769, 'tls1.1': 770, 'tls1.2': 771, 'tls1.3': 772 },
}

/** What an option is now, as its row of the table writes values; what can change while nsqd runs first. */
function currentValue(nsqd: Nsqd, name: string): unknown {
  switch (name) {
    case 'logLevel':
      return nsqd.logger.level
    case 'nsqlookupdTcpAddresses':
      return nsqd.lookupds.addresses
    case 'broadcastTcpPort':
      return nsqd.broadcastTcpPort
    case 'broadcastHttpPort':
      return nsqd.broadcastHttpPort
    default:
      return (nsqd.options as Readonly<Record<string, unknown>>)[name]
  }
}

/** A value as nsqd shows it: text as it is, all else JSON, durations in nanoseconds. */
function show(option: Option<unknown>, value: unknown): string | HttpReply {
  const number = NUMBERS[option.key]?.[option.format(value).toLowerCase()]
  if (number !== undefined) return json(String(number))
  if (option.kind === 'duration') {
    // Exact past 2^53, where a JSON number made from a double would not be.
    return json(String(BigInt(Math.round(Number(value) * NS_PER_MS))))
  }
  return typeof value === 'string' ? value : json(goJson(value))
}

function json(body: string): HttpReply {
  return new HttpReply({ contentType: JSON_TYPE, body })
}

/** By key. Options that no longer do anything are not shown. */
const rows = new Map<string, { readonly name: string; readonly option: Option<unknown> }>(
  Object.entries(nsqdOptions)
    .filter(([, option]) => option.deprecated === undefined)
    .map(([name, option]) => [option.key, { name, option }]),
)

/** `/config/:opt`, by the keys of the configuration file. What is changed lasts until nsqd stops. */
export function configRoutes(nsqd: Nsqd): Route[] {
  const answer = (key: string): string | HttpReply => {
    const row = rows.get(key)
    if (row === undefined) throw new HttpError(400, 'INVALID_OPTION')
    return show(row.option, currentValue(nsqd, row.name))
  }
  const path = '/config/:opt'
  return [
    { method: 'GET', path, handle: ({ params }) => answer(params['opt'] ?? '') },
    {
      method: 'PUT',
      path,
      maxBodyBytes: nsqd.options.maxMsgSize,
      bodyTooBig: { status: 413, message: 'INVALID_VALUE' },
      handle: (request) => {
        change(nsqd, request)
        return answer(request.params['opt'] ?? '')
      },
    },
  ]
}

function change(nsqd: Nsqd, { params, body }: HttpRequest): void {
  if (body.length === 0) throw new HttpError(413, 'INVALID_VALUE')
  switch (params['opt'] ?? '') {
    case 'log_level': {
      const level = LOG_LEVELS.find((known) => known === body.toString().toLowerCase())
      if (level === undefined) throw new HttpError(400, 'INVALID_VALUE')
      nsqd.logger.level = level
      break
    }
    case 'nsqlookupd_tcp_addresses':
      nsqd.lookupds.addresses = readAddresses(body.toString())
      nsqd.logger.info(`nsqlookupd addresses are now [${nsqd.lookupds.addresses.join(' ')}]`)
      break
    default:
      throw new HttpError(400, 'INVALID_OPTION')
  }
}

function readAddresses(text: string): readonly string[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new HttpError(400, 'INVALID_VALUE')
  }
  const list: unknown = parsed ?? []
  if (!Array.isArray(list) || !list.every(isAddress)) throw new HttpError(400, 'INVALID_VALUE')
  return list
}

function isAddress(item: unknown): item is string {
  return typeof item === 'string' && isHostPort(item)
}
