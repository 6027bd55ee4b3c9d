import {
  boolean,
  defineOptions,
  duration,
  integer,
  logOptions,
  type OptionRules,
  type OptionsOf,
  text,
  textList,
} from '@tsq/daemon'

const LISTENING = 'Listening'
const CLUSTER = 'Cluster'
const PEOPLE = 'People'
const SAMPLES = 'Samples and history'
const GRAPHITE = 'Graphite'

/** Every option of nsqadmin: the flag, the key in the configuration file, the check and the help text. */
export const nsqadminOptions = defineOptions({
  ...logOptions('nsqadmin'),

  httpAddress: text({
    flag: 'http-address',
    default: '0.0.0.0:4171',
    group: LISTENING,
    doc: 'listen here for browsers and scripts: host:port, or the path of a Unix socket',
  }),
  basePath: text({
    flag: 'base-path',
    default: '/',
    group: LISTENING,
    doc: 'URL path under which everything is found',
    check: (path) =>
      /^[\w./~-]*$/.test(path) && !path.includes('//')
        ? undefined
        : 'must be a path of letters, digits, "-", "_", "." and "~"',
  }),
  tlsCert: text({
    flag: 'tls-cert',
    default: '',
    group: LISTENING,
    doc: 'certificate file; the listener then speaks HTTPS',
  }),
  tlsKey: text({
    flag: 'tls-key',
    default: '',
    group: LISTENING,
    doc: 'key file of --tls-cert',
  }),
  devStaticDir: text({
    flag: 'dev-static-dir',
    default: '',
    group: LISTENING,
    doc: "serve /static and /fonts from this folder, for work on the page's files",
  }),

  lookupdHttpAddresses: textList({
    flag: 'lookupd-http-address',
    key: 'nsqlookupd_http_addresses',
    group: CLUSTER,
    doc: 'find the cluster by the nsqlookupd at this host:port',
  }),
  nsqdHttpAddresses: textList({
    flag: 'nsqd-http-address',
    key: 'nsqd_http_addresses',
    group: CLUSTER,
    doc: 'a nsqd of the cluster, where there is no nsqlookupd: host:port',
  }),
  httpClientConnectTimeoutMs: duration({
    flag: 'http-client-connect-timeout',
    default: 2_000,
    min: 1,
    group: CLUSTER,
    doc: 'how long connecting to an nsqlookupd or nsqd may take',
  }),
  httpClientRequestTimeoutMs: duration({
    flag: 'http-client-request-timeout',
    default: 5_000,
    min: 1,
    group: CLUSTER,
    doc: 'how long one of their answers may take',
  }),
  httpClientTlsInsecureSkipVerify: boolean({
    flag: 'http-client-tls-insecure-skip-verify',
    default: false,
    group: CLUSTER,
    doc: "don't check the certificates of nsqlookupd and nsqd",
  }),
  httpClientTlsRootCaFile: text({
    flag: 'http-client-tls-root-ca-file',
    default: '',
    group: CLUSTER,
    doc: "check them with these authorities instead of the system's",
  }),
  httpClientTlsCert: text({
    flag: 'http-client-tls-cert',
    default: '',
    group: CLUSTER,
    doc: 'certificate to show to nsqlookupd and nsqd',
  }),
  httpClientTlsKey: text({
    flag: 'http-client-tls-key',
    default: '',
    group: CLUSTER,
    doc: 'key file of --http-client-tls-cert',
  }),

  users: textList({
    flag: 'user',
    key: 'users',
    group: PEOPLE,
    doc: 'let people log in: name:role:hash, where role is viewer, operator or admin, and nsqadmin hash-password makes the hash',
  }),
  sessionLifetimeMs: duration({
    flag: 'session-lifetime',
    default: 12 * 3_600_000,
    min: 60_000,
    group: PEOPLE,
    doc: 'how long a login lasts',
  }),
  adminUsers: textList({
    flag: 'admin-user',
    key: 'admin_users',
    group: PEOPLE,
    doc: 'who may do everything, as named by the header of --acl-http-header; everybody when nobody is named',
  }),
  operatorUsers: textList({
    flag: 'operator-user',
    key: 'operator_users',
    group: PEOPLE,
    doc: 'who may do everything but delete and configure, as named by the same header',
  }),
  aclHttpHeader: text({
    flag: 'acl-http-header',
    default: 'X-Forwarded-User',
    group: PEOPLE,
    doc: 'header in which a proxy says who asks',
    check: (name) =>
      /^[\w!#$%&'*+.^`|~-]+$/.test(name) ? undefined : 'must be the name of a header',
  }),
  readOnly: boolean({
    flag: 'read-only',
    default: false,
    group: PEOPLE,
    doc: 'only show; nobody can change anything',
  }),
  allowConfigFromCidr: text({
    flag: 'allow-config-from-cidr',
    default: '127.0.0.1/8',
    group: PEOPLE,
    doc: 'who may use /config, by the address they connect from; everybody when empty',
  }),
  auditLog: text({
    flag: 'audit-log',
    default: '',
    group: PEOPLE,
    doc: 'append every action to this file, a JSON object a line',
  }),
  notificationHttpEndpoint: text({
    flag: 'notification-http-endpoint',
    default: '',
    group: PEOPLE,
    doc: 'POST every action to this URL',
    check: (url) => (url === '' || isHttpUrl(url) ? undefined : 'must be a URL of http or https'),
  }),

  sampleIntervalMs: duration({
    flag: 'sample-interval',
    default: 5_000,
    min: 1_000,
    max: 60_000,
    group: SAMPLES,
    doc: 'how often every node is asked for its statistics, once for all who look on',
  }),
  maxHistorySeries: integer({
    flag: 'max-history-series',
    default: 1_000,
    min: 0,
    group: SAMPLES,
    doc: 'topics, channels and nodes whose history is kept, some 70 kB each after a day; the least busy go first',
  }),

  graphiteUrl: text({
    flag: 'graphite-url',
    default: '',
    group: GRAPHITE,
    doc: 'URL of graphite, for its graphs',
  }),
  proxyGraphite: boolean({
    flag: 'proxy-graphite',
    default: false,
    group: GRAPHITE,
    doc: 'fetch its graphs for the browser, under /render',
  }),
  statsdPrefix: text({
    flag: 'statsd-prefix',
    default: 'nsq.%s',
    group: GRAPHITE,
    doc: "prefix of the nsqd's metrics, %s is the host; must be what nsqd is told",
  }),
  statsdCounterFormat: text({
    flag: 'statsd-counter-format',
    default: 'stats.counters.%s.count',
    group: GRAPHITE,
    doc: 'how statsd names a counter, %s is its key',
  }),
  statsdGaugeFormat: text({
    flag: 'statsd-gauge-format',
    default: 'stats.gauges.%s',
    group: GRAPHITE,
    doc: 'how statsd names a gauge, %s is its key',
  }),
  statsdIntervalMs: duration({
    flag: 'statsd-interval',
    default: 60_000,
    min: 1_000,
    group: GRAPHITE,
    doc: 'how often nsqd sends; must be what nsqd is told',
  }),
})

export type NsqadminOptions = OptionsOf<typeof nsqadminOptions>

/** What must hold across the options, in the words of nsqadmin 1.3.0 where it has any. */
export const nsqadminRules: OptionRules<typeof nsqadminOptions> = (options) => {
  const { lookupdHttpAddresses: lookupds, nsqdHttpAddresses: nsqds } = options
  const problems: string[] = []
  if (lookupds.length === 0 && nsqds.length === 0) {
    problems.push('--nsqd-http-address or --lookupd-http-address required')
  }
  if (lookupds.length > 0 && nsqds.length > 0) {
    problems.push('use --nsqd-http-address or --lookupd-http-address not both')
  }
  problems.push(
    ...pairProblems('http-client-tls', options.httpClientTlsCert, options.httpClientTlsKey),
  )
  problems.push(...pairProblems('tls', options.tlsCert, options.tlsKey))
  if (options.users.length > 0 && options.adminUsers.length + options.operatorUsers.length > 0) {
    problems.push('use --user, or --admin-user and --operator-user, not both')
  }
  return problems
}

function pairProblems(prefix: string, cert: string, key: string): string[] {
  if (cert !== '' && key === '') return [`--${prefix}-key must be specified with --${prefix}-cert`]
  if (key !== '' && cert === '') return [`--${prefix}-cert must be specified with --${prefix}-key`]
  return []
}

export function isHttpUrl(url: string): boolean {
  return /^https?:\/\//.test(url) && URL.canParse(url)
}
