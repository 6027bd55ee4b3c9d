// Scripts that have both nsqds to themselves: they look at everything, and change what holds for everybody.
import { status as anyStatus } from './differential-http.ts'
import * as http from './differential-http.ts'
import { badName } from './differential-names.ts'
import { Random } from '@tsq/testing'
import type { HttpStep, Script, Step } from './differential-script.ts'

/** Every option by its key in the configuration file, and some that are none. */
export const OPTION_KEYS = [
  'log_level',
  'log_prefix',
  'id',
  'broadcast_address',
  'nsqlookupd_tcp_addresses',
  'auth_http_addresses',
  'http_client_connect_timeout',
  'http_client_request_timeout',
  'mem_queue_size',
  'max_bytes_per_file',
  'sync_every',
  'sync_timeout',
  'queue_scan_worker_pool_max',
  'queue_scan_selection_count',
  'msg_timeout',
  'max_msg_timeout',
  'max_msg_size',
  'max_req_timeout',
  'max_body_size',
  'max_heartbeat_interval',
  'max_rdy_count',
  'max_output_buffer_size',
  'max_output_buffer_timeout',
  'min_output_buffer_timeout',
  'output_buffer_timeout',
  'max_channel_consumers',
  'statsd_address',
  'statsd_interval',
  'statsd_mem_stats',
  'statsd_udp_packet_size',
  'statsd_exclude_ephemeral',
  'e2e_processing_latency_percentiles',
  'e2e_processing_latency_window_time',
  'tls_client_auth_policy',
  'tls_required',
  'tls_min_version',
  'deflate',
  'max_deflate_level',
  'snappy',
  'version',
  'config',
  'verbose',
  'worker_id',
  'node_id',
  'lookupd_tcp_addresses',
  'MAX_RDY_COUNT',
  'max-rdy-count',
  'nothing',
]

/** Ports on which nobody listens. */
const lists = [
  '[]',
  'null',
  '["127.0.0.1:1"]',
  '["127.0.0.1:1","127.0.0.1:2"]',
  '["127.0.0.1:1", "127.0.0.1:1"]',
  ' ["127.0.0.1:3"]\n',
]
const badLists = [
  '',
  '[',
  '{}',
  '"127.0.0.1:1"',
  '127.0.0.1:1',
  '[1]',
  '[["127.0.0.1:1"]]',
  '[]x',
  'true',
  '["127.0.0.1:1",]',
]
const levels = ['debug', 'info', 'warn', 'error', 'fatal', 'INFO', 'Warn']
const badLevels = ['', 'trace', 'warning', '"info"', ' info', 'info\n', '2', 'null']

export function generateOperating(seed: number, number: number): Script {
  const random = new Random((Math.imul(seed, 0xc2b2ae35) ^ Math.imul(number, 0x27d4eb2f)) >>> 0)
  const name = `o${seed}-${number}`
  const topics = [`${name}.a`, `${name}-b#ephemeral`]
  const steps: Step[] = [put('log_level', 'info'), put('nsqlookupd_tcp_addresses', '[]')]
  const count = random.between(4, 14)
  while (steps.length < count) {
    const topic = random.pick(topics)
    const channel = random.pick(['c', 'd#ephemeral'])
    steps.push(
      random.weighted<() => HttpStep>([
        [5, () => getOption(random)],
        [4, () => putOption(random)],
        [4, () => everything(random, channel)],
        [1, () => anyStatus(random, topic, channel)],
        [3, () => http.admin(random, topic, channel)],
        [1, () => http.publish(random, topic, [Buffer.from('x')])],
        [3, () => debug(random)],
      ])(),
    )
  }
  steps.push(put('log_level', 'info'), put('nsqlookupd_tcp_addresses', '[]'))
  return { name, steps, topics, via: 'http' }
}

export function getOption(random: Random): HttpStep {
  const key = random.pick(OPTION_KEYS)
  const method = random.weighted([
    [12, 'GET'],
    [1, 'HEAD'],
    [1, 'POST'],
    [1, 'DELETE'],
    [1, 'OPTIONS'],
  ])
  const odd = ['/config', '/config/', '/Config/log_level', '/config/log_level/', '/config/a/b']
  const path = random.chance(0.9) ? `/config/${key}` : random.pick([...odd, '/config/%6cog_level'])
  return http.http(method, path)
}

/** One that changes nothing. */
export function badPutOption(random: Random): HttpStep {
  return random.pick([
    () => put('log_level', random.pick(badLevels)),
    () => put('nsqlookupd_tcp_addresses', random.pick(badLists)),
    () => put(random.pick(OPTION_KEYS.slice(6)), random.pick(['', '1', 'x'])),
    () => put('log_level', 'x'.repeat(3_000)),
  ])()
}

function putOption(random: Random): HttpStep {
  return random.weighted([
    [2, () => put('log_level', random.pick(levels))],
    [2, () => put('nsqlookupd_tcp_addresses', random.pick(lists))],
    [3, () => badPutOption(random)],
  ])()
}

function put(key: string, value: string): HttpStep {
  return http.http('PUT', `/config/${key}`, Buffer.from(value))
}

/** Statistics of all topics. */
function everything(random: Random, channel: string): HttpStep {
  const parameters = [
    random.pick(['format=json', 'format=json', 'format=text', '']),
    random.pick(['', '', `channel=${encodeURIComponent(channel)}`, 'channel=', 'topic=']),
    random.pick(['', 'include_clients=false', 'include_clients=x', 'include_clients']),
    random.pick(['', 'include_mem=false', 'include_mem=0', 'include_mem=true']),
    random.pick(['', '', '', 'x=y', `topic=%${badName(random).toString('hex').slice(0, 2)}`]),
  ]
  return http.http('GET', `/stats?${parameters.filter((text) => text !== '').join('&')}`)
}

/** What can be compared of the Go runtime's pages: that they are there or not, and how they are called. */
export function debug(random: Random): HttpStep {
  const rates = ['x', '', '1.5', '99999999999999999999', '0x10', '1_0', '%201', '+1x', '%22']
  const [method, target] = random.pick([
    () => ['GET', `/debug/pprof/${random.pick(['mutex', 'trace', 'allocs', 'nothing', 'x/y'])}`],
    () => [random.pick(['GET', 'POST']), '/debug/pprof'],
    () => ['GET', random.pick(['/debug', '/debug/', '/debug/pprof//', '/DEBUG/pprof/heap'])],
    () => [random.pick(['PUT', 'DELETE', 'OPTIONS']), '/debug/pprof/heap'],
    () => ['PUT', `/debug/setblockrate?rate=${random.pick(rates)}`],
    () => ['PUT', '/debug/setblockrate'],
    () => [random.pick(['GET', 'POST', 'OPTIONS']), '/debug/setblockrate'],
    () => [random.pick(['GET', 'PUT', 'OPTIONS']), '/debug/freememory'],
  ])()
  return http.http(method ?? '', target ?? '')
}
