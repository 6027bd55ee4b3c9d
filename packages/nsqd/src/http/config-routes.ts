import {
  addressesIn,
  configValueReply,
  HttpError,
  type HttpReply,
  type HttpRequest,
  isHostPort,
  LOG_LEVEL_NUMBERS,
  logLevelIn,
  type Option,
  type Route,
  tlsRequiredBy,
} from '@tsq/daemon'

import type { Nsqd } from '../nsqd.ts'
import { nsqdOptions } from '../options.ts'

/** What Go's nsqd shows as numbers, by the word that is configured. */
const NUMBERS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  log_level: LOG_LEVEL_NUMBERS,
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
    case 'tlsRequired':
      return tlsRequiredBy(nsqd.options)
    default:
      return (nsqd.options as Readonly<Record<string, unknown>>)[name]
  }
}

/** Flags that were never keys of the configuration. */
const HIDDEN = new Set(['verbose', 'worker_id'])

/** By key. Options without effect are shown as they were given. */
const rows = new Map<string, { readonly name: string; readonly option: Option<unknown> }>(
  Object.entries(nsqdOptions)
    .filter(([, option]) => !HIDDEN.has(option.key))
    .map(([name, option]) => [option.key, { name, option }]),
)

/** `/config/:opt`, by the keys of the configuration file. What is changed lasts until nsqd stops. */
export function configRoutes(nsqd: Nsqd): Route[] {
  const answer = (key: string): string | HttpReply => {
    const row = rows.get(key)
    if (row === undefined) throw new HttpError(400, 'INVALID_OPTION')
    return configValueReply(row.option, currentValue(nsqd, row.name), NUMBERS[key])
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
    case 'log_level':
      nsqd.logger.level = logLevelIn(body)
      break
    case 'nsqlookupd_tcp_addresses':
      nsqd.lookupds.addresses = addressesIn(body, isHostPort)
      nsqd.logger.info(`nsqlookupd addresses are now [${nsqd.lookupds.addresses.join(' ')}]`)
      break
    default:
      throw new HttpError(400, 'INVALID_OPTION')
  }
}
