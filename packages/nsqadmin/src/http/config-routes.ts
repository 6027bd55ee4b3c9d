import {
  addressesIn,
  configValueReply,
  HttpError,
  type HttpReply,
  type HttpRequest,
  isHostPort,
  LOG_LEVEL_NUMBERS,
  logLevelIn,
  type Logger,
  type Option,
  type Route,
} from '@tsq/daemon'
import type { ClusterInfo } from '@tsq/clusterinfo'

import type { Audit } from '../actions/audit.ts'
import type { Gatekeeper } from '../auth/gatekeeper.ts'
import type { Cidr } from '../cidr.ts'
import { type NsqadminOptions, nsqadminOptions } from '../options.ts'

const MAX_BODY_BYTES = 1024 * 1024

export interface ConfigContext {
  readonly options: NsqadminOptions
  readonly cluster: ClusterInfo
  readonly gatekeeper: Gatekeeper
  readonly audit: Audit
  readonly logger: Logger
  /** From where it may be used; undefined for anywhere. */
  readonly configFrom: Cidr | undefined
}

/** By key. Options that do nothing are not shown. */
const rows = new Map<string, { readonly name: string; readonly option: Option<unknown> }>(
  Object.entries(nsqadminOptions)
    .filter(([, option]) => option.deprecated === undefined)
    .map(([name, option]) => [option.key, { name, option }]),
)

/** `/config/:opt`, by the keys of the configuration file. What is changed lasts until nsqadmin stops. */
export function configRoutes(context: ConfigContext): Route[] {
  const { gatekeeper, configFrom } = context
  const path = '/config/:opt'
  const checkAddress = ({ remoteAddress }: HttpRequest): void => {
    if (configFrom === undefined) return
    const isInside = configFrom.has(remoteAddress)
    if (isInside === undefined) throw new HttpError(400, 'INVALID_REMOTE_ADDR')
    if (!isInside) throw new HttpError(403, 'FORBIDDEN')
  }
  return [
    {
      method: 'GET',
      path,
      guard: (request) => {
        checkAddress(request)
        gatekeeper.mayRead(request)
      },
      handle: ({ params }) => answer(context, params['opt'] ?? ''),
    },
    {
      method: 'PUT',
      path,
      maxBodyBytes: MAX_BODY_BYTES,
      bodyTooBig: { status: 413, message: 'INVALID_VALUE' },
      guard: (request) => {
        checkAddress(request)
        gatekeeper.mayChange(request, 'admin')
      },
      handle: (request) => {
        change(context, request)
        context.audit.add({
          time: Date.now(),
          user: gatekeeper.identify(request).user,
          remote: request.peer,
          action: 'config',
          ok: true,
          message: `${request.params['opt'] ?? ''}=${request.body.toString().slice(0, 256)}`,
        })
        return answer(context, request.params['opt'] ?? '')
      },
    },
  ]
}

function answer(context: ConfigContext, key: string): string | HttpReply {
  const row = rows.get(key)
  if (row === undefined) throw new HttpError(400, 'INVALID_OPTION')
  const numbers = key === 'log_level' ? LOG_LEVEL_NUMBERS : undefined
  return configValueReply(row.option, currentValue(context, row.name), numbers)
}

/** What an option is now, without what is secret in it. */
function currentValue({ options, cluster, logger }: ConfigContext, name: string): unknown {
  switch (name) {
    case 'logLevel':
      return logger.level
    case 'lookupdHttpAddresses':
      return cluster.lookupds
    case 'graphiteUrl':
    case 'notificationHttpEndpoint':
      return withoutCredentials(options[name])
    case 'users':
      return options.users.map((entry) => entry.split(':').slice(0, 2).join(':'))
    default:
      return (options as Readonly<Record<string, unknown>>)[name]
  }
}

function withoutCredentials(text: string): string {
  if (!URL.canParse(text)) return text
  const url = new URL(text)
  if (url.username === '' && url.password === '') return text
  url.username = 'xxx'
  url.password = 'xxx'
  return url.href
}

function change({ cluster, logger }: ConfigContext, { params, body }: HttpRequest): void {
  if (body.length === 0) throw new HttpError(413, 'INVALID_VALUE')
  switch (params['opt'] ?? '') {
    case 'log_level':
      logger.level = logLevelIn(body)
      break
    case 'nsqlookupd_http_addresses': {
      const addresses = addressesIn(body, isHostPort)
      // Without any, nsqadmin would look for nsqd that it was never told of.
      if (addresses.length === 0) throw new HttpError(400, 'INVALID_VALUE')
      cluster.lookupds = addresses
      logger.info(`nsqlookupd addresses are now [${addresses.join(' ')}]`)
      break
    }
    default:
      throw new HttpError(400, 'INVALID_OPTION')
  }
}
