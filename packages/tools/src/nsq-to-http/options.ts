import {
  boolean,
  defineOptions,
  duration,
  float,
  integer,
  type OptionsOf,
  text,
  textList,
} from '@tsq/daemon'

import { addressProblem, sourceOptions } from '../common/sources.ts'
import { headerTokens, parseHeader } from './headers.ts'
import { parsePostUrl, UrlTemplate } from './url-template.ts'

const DEFAULT_CONTENT_TYPE = 'application/octet-stream'
const REQUESTS = 'Requests'
const TLS = 'TLS'

export const nsqToHttpOptions = defineOptions({
  topic: text({ flag: 'topic', default: '', doc: 'topic to consume' }),
  channel: text({ flag: 'channel', default: 'nsq_to_http', doc: 'channel to consume' }),
  ...sourceOptions(),
  concurrency: integer({
    flag: 'n',
    default: 100,
    min: 1,
    max: 100_000,
    group: REQUESTS,
    doc: 'most messages being sent at once',
  }),
  post: textList({
    flag: 'post',
    group: REQUESTS,
    doc: 'URL to post messages to; the body is the message as it is',
  }),
  get: textList({
    flag: 'get',
    group: REQUESTS,
    doc: 'URL to get for each message; %s in its path or query stands for the message, %% for a percent sign',
  }),
  mode: text({
    flag: 'mode',
    default: 'hostpool',
    group: REQUESTS,
    doc: 'which of several URLs gets a message: hostpool, round-robin, epsilon-greedy; or multicast, which is all of them',
  }),
  retries: integer({
    flag: 'retries',
    default: 0,
    min: 0,
    max: 1_000,
    group: REQUESTS,
    doc: 'how often a message that no URL took is tried again here, after 250ms and then twice as long each time up to 10s, before it goes back to nsqd',
  }),
  sample: float({
    flag: 'sample',
    default: 1,
    group: REQUESTS,
    doc: 'share of the messages to send, 0.0 to 1.0; the others are finished unsent',
  }),
  contentType: text({
    flag: 'content-type',
    default: DEFAULT_CONTENT_TYPE,
    group: REQUESTS,
    doc: 'Content-Type of posts',
  }),
  headers: textList({
    flag: 'header',
    group: REQUESTS,
    doc: `header of requests, "Name: value"; ${Object.keys(headerTokens).join(' ')} in the value are filled in for each message`,
  }),
  connectTimeoutMs: duration({
    flag: 'http-client-connect-timeout',
    default: 2_000,
    min: 1,
    group: REQUESTS,
    doc: 'longest wait for a connection',
  }),
  requestTimeoutMs: duration({
    flag: 'http-client-request-timeout',
    default: 20_000,
    min: 1,
    group: REQUESTS,
    doc: 'longest wait for a whole answer',
  }),
  statusEvery: integer({
    flag: 'status-every',
    default: 250,
    min: 0,
    max: 10_000_000,
    doc: 'log how long requests took, every so many of them; 0 for never',
  }),
  tlsRootCaFile: text({
    flag: 'tls-root-ca-file',
    default: '',
    group: TLS,
    doc: 'PEM file of the authorities to trust, instead of those built in',
  }),
  tlsCert: text({
    flag: 'tls-cert',
    default: '',
    group: TLS,
    doc: 'PEM file of the client certificate',
  }),
  tlsKey: text({ flag: 'tls-key', default: '', group: TLS, doc: 'PEM file of its key' }),
  tlsInsecureSkipVerify: boolean({
    flag: 'tls-insecure-skip-verify',
    default: false,
    group: TLS,
    doc: 'accept any certificate',
  }),
})

export type NsqToHttpOptions = OptionsOf<typeof nsqToHttpOptions>

/** What is wrong, the first thing alone, in NSQ's words and order. */
export function nsqToHttpProblem(values: NsqToHttpOptions): string | undefined {
  const { post, get, contentType, sample } = values
  const badHeader = values.headers.find((given) => parseHeader(given) === undefined)
  if (badHeader !== undefined) {
    return `--header value format should be 'key: value', not ${JSON.stringify(badHeader)}`
  }
  if (values.topic === '' || values.channel === '') return '--topic and --channel are required'
  if (contentType !== DEFAULT_CONTENT_TYPE) {
    if (post.length === 0) return '--content-type only used with --post'
    if (contentType === '') return '--content-type requires a value when used'
  }
  const address = addressProblem(values.nsqdTcpAddresses, values.lookupdHttpAddresses)
  if (address !== undefined) return address
  if (post.length === 0 && get.length === 0) return '--get or --post required'
  if (post.length > 0 && get.length > 0) return 'use --get or --post not both'
  const badUrl = urlProblem(values)
  if (badUrl !== undefined) return badUrl
  if (sample < 0 || sample > 1) return 'ERROR: --sample must be between 0.0 and 1.0'
  if ((values.tlsCert === '') !== (values.tlsKey === '')) {
    return '--tls-cert and --tls-key go together'
  }
  return undefined
}

function urlProblem({ post, get }: NsqToHttpOptions): string | undefined {
  try {
    for (const url of post) parsePostUrl(url)
    for (const template of get) UrlTemplate.parse(template)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
