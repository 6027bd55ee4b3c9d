import { boolean, duration, floatList, integer, isHostPort, type Option, text } from '@tsq/daemon'

const GROUP = 'Statistics'
/** The payload of a UDP packet has no room for more. */
const LARGEST_PACKET_BYTES = 65_507

/** What nsqd tells of itself, and to whom. */
export const statisticsOptions = {
  statsdAddress: text({
    flag: 'statsd-address',
    default: '',
    group: GROUP,
    check: (address) => (address === '' || isHostPort(address) ? undefined : 'must be host:port'),
    doc: 'push statistics to the statsd at this UDP host:port; empty for none',
  }),
  statsdIntervalMs: duration({
    flag: 'statsd-interval',
    default: 60_000,
    min: 100,
    group: GROUP,
    doc: 'time between pushes to statsd',
  }),
  statsdMemStats: boolean({
    flag: 'statsd-mem-stats',
    default: true,
    group: GROUP,
    doc: 'push memory and garbage collection figures too',
  }),
  statsdPrefix: text({
    flag: 'statsd-prefix',
    default: 'nsq.%s',
    group: GROUP,
    doc: 'goes before every name; %s stands for broadcast address and HTTP port',
  }),
  statsdUdpPacketSize: integer({
    flag: 'statsd-udp-packet-size',
    default: 508,
    min: 1,
    max: LARGEST_PACKET_BYTES,
    group: GROUP,
    doc: 'most bytes of a packet to statsd; a longer line goes alone',
  }),
  statsdExcludeEphemeral: boolean({
    flag: 'statsd-exclude-ephemeral',
    default: false,
    group: GROUP,
    doc: 'push nothing of ephemeral topics and channels',
  }),
  debugEndpoints: boolean({
    flag: 'debug-endpoints',
    default: false,
    group: GROUP,
    doc: 'answer /debug: a CPU profile, a heap snapshot, which may show messages, and what GET /debug/pprof/ lists',
  }),
  metricsMaxSeries: integer({
    flag: 'metrics-max-series',
    default: 500,
    min: 0,
    max: 100_000,
    group: GROUP,
    doc: 'topics, and channels, with figures of their own in /metrics; those of the others are summed',
  }),
  e2eLatencyPercentiles: descending(
    floatList({
      flag: 'e2e-processing-latency-percentile',
      key: 'e2e_processing_latency_percentiles',
      group: GROUP,
      doc: 'part of the messages, in (0, 1], whose time from publish to FIN is told; repeat it, or use commas',
    }),
  ),
  e2eLatencyWindowMs: duration({
    flag: 'e2e-processing-latency-window-time',
    default: 600_000,
    min: 1,
    group: GROUP,
    doc: 'how far back these times reach',
  }),
}

/** What of the values is wrong beyond their types; a sentence each. */
export function statisticsRules(options: {
  readonly e2eLatencyPercentiles: readonly number[]
}): string[] {
  return options.e2eLatencyPercentiles
    .filter((percentile) => !(percentile > 0 && percentile <= 1))
    .map((percentile) => `invalid E2E processing latency percentile: ${percentile}`)
}

/** The list in descending order when it comes from flags, as nsqd has it; from a file it is as written there. */
function descending(option: Option<readonly number[]>): Option<readonly number[]> {
  return {
    ...option,
    parse: (value) => sorted(option.parse(value)),
    append: (earlier, later) => sorted([...earlier, ...later]),
  }
}

function sorted(values: readonly number[]): number[] {
  return values.toSorted((a, b) => b - a)
}
