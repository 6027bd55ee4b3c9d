import {
  boolean,
  defineOptions,
  duration,
  integer,
  LOG_LEVELS,
  type LogLevel,
  type OptionsOf,
  Pattern,
  PatternError,
  text,
  textList,
} from '@tsq/daemon'

import { addressProblem, sourceOptions } from '../common/sources.ts'
import { type Compression, zstdProblem } from './compression.ts'

const TOPICS = 'Topics'
const FILES = 'Files'
const ROTATION = 'Rotation'
const LOGGING = 'Logging'

/** Every flag of nsq_to_file. */
export const nsqToFileOptions = defineOptions({
  ...sourceOptions(
    'most messages of a topic in hand at once, and so the most that wait for a sync',
  ),

  topics: textList({ flag: 'topic', group: TOPICS, doc: 'topic to archive; without it all are' }),
  topicPattern: text({
    flag: 'topic-pattern',
    default: '',
    group: TOPICS,
    doc: 'archive only topics in which this regular expression (RE2) is found',
  }),
  topicRefreshMs: duration({
    flag: 'topic-refresh',
    default: 60_000,
    group: TOPICS,
    doc: 'how often nsqlookupd is asked for new topics',
  }),
  channel: text({
    flag: 'channel',
    default: 'nsq_to_file',
    group: TOPICS,
    doc: 'channel to consume, the same for every topic',
  }),
  httpConnectTimeoutMs: duration({
    flag: 'http-client-connect-timeout',
    default: 2_000,
    group: TOPICS,
    doc: 'longest wait for a connection to nsqlookupd when it is asked for topics',
  }),
  httpRequestTimeoutMs: duration({
    flag: 'http-client-request-timeout',
    default: 5_000,
    group: TOPICS,
    doc: 'longest wait for its answer',
  }),

  outputDir: text({
    flag: 'output-dir',
    default: '/tmp',
    group: FILES,
    doc: 'folder of the finished files',
  }),
  workDir: text({
    flag: 'work-dir',
    default: '',
    group: FILES,
    doc: 'folder of the files being written, on the same file system; empty for the output folder',
  }),
  filenameFormat: text({
    flag: 'filename-format',
    default: '<TOPIC>.<HOST><REV>.<DATETIME>.log',
    group: FILES,
    doc: 'name of a file; <TOPIC>, <HOST>, <PID>, <DATETIME> and <REV> are filled in, / makes folders',
  }),
  datetimeFormat: text({
    flag: 'datetime-format',
    default: '%Y-%m-%d_%H',
    group: FILES,
    doc: 'strftime format of <DATETIME>, in local time',
  }),
  hostIdentifier: text({
    flag: 'host-identifier',
    default: '',
    group: FILES,
    doc: 'text for <HOST>, in which <SHORT_HOST> and <HOSTNAME> are filled in; empty for the short host name',
  }),
  gzip: boolean({ flag: 'gzip', default: false, group: FILES, doc: 'compress with gzip' }),
  gzipLevel: integer({
    flag: 'gzip-level',
    default: 6,
    group: FILES,
    doc: '1 fast to 9 small',
  }),
  zstd: boolean({
    flag: 'zstd',
    default: false,
    group: FILES,
    doc: 'compress with zstd, where Node has it (22.15 and later)',
  }),
  skipEmptyFiles: boolean({
    flag: 'skip-empty-files',
    default: false,
    group: FILES,
    doc: 'make a file when its first message comes, and not before',
  }),

  syncIntervalMs: duration({
    flag: 'sync-interval',
    default: 30_000,
    group: ROTATION,
    doc: 'messages wait at most this long to be synced and finished',
  }),
  rotateSize: integer({
    flag: 'rotate-size',
    default: 0,
    group: ROTATION,
    doc: 'begin a new file after this many bytes before compression, 0 for never',
  }),
  rotateIntervalMs: duration({
    flag: 'rotate-interval',
    default: 0,
    group: ROTATION,
    doc: 'begin a new file after this long, 0 for never',
  }),

  // Text, because a bad one is a plain error here and no flag error.
  logLevel: text({
    flag: 'log-level',
    default: 'info',
    group: LOGGING,
    doc: 'least level that is logged: debug, info, warn, error or fatal',
  }),
  logPrefix: text({
    flag: 'log-prefix',
    default: '[nsq_to_file] ',
    group: LOGGING,
    doc: 'beginning of every log line',
  }),
})

export type NsqToFileOptions = OptionsOf<typeof nsqToFileOptions>

/** What is looked at even before `--version`. */
export function firstProblem(
  { logLevel }: NsqToFileOptions,
  positional: readonly string[],
): string | undefined {
  if (positional.length > 0) return `unknown arguments: [${positional.join(' ')}]`
  return levelOf(logLevel) === undefined ? '--log-level is invalid' : undefined
}

/** The first thing that is wrong with the options, in the order NSQ looks at them. */
export function nsqToFileProblem(options: NsqToFileOptions): string | undefined {
  const { channel, topics, topicPattern, gzipLevel, httpConnectTimeoutMs } = options
  const { nsqdTcpAddresses, lookupdHttpAddresses } = options
  if (channel === '') return '--channel is required'
  if (httpConnectTimeoutMs <= 0) return '--http-client-connect-timeout should be positive'
  if (options.httpRequestTimeoutMs <= 0) return '--http-client-request-timeout should be positive'
  const addresses = addressProblem(nsqdTcpAddresses, lookupdHttpAddresses)
  if (addresses !== undefined) return addresses.replace(/required$/, 'required.')
  if (gzipLevel < 1 || gzipLevel > 9) {
    return `invalid --gzip-level value (${gzipLevel}), should be 1-9`
  }
  if (topics.length === 0 && topicPattern === '') return '--topic or --topic-pattern required'
  if (topics.length === 0 && lookupdHttpAddresses.length === 0) {
    return '--lookupd-http-address must be specified when no --topic specified'
  }
  return ownProblem(options)
}

/** What nsq_to_file 1.3.0 does not look at, and does something unwanted with. */
function ownProblem(options: NsqToFileOptions): string | undefined {
  if (options.syncIntervalMs <= 0) return '--sync-interval should be positive'
  if (options.topicRefreshMs <= 0) return '--topic-refresh should be positive'
  if (options.maxInFlight <= 0) return '--max-in-flight should be positive'
  if (options.gzip && options.zstd) return 'use --gzip or --zstd not both'
  if (options.zstd && zstdProblem !== undefined) return zstdProblem
  try {
    topicFilter(options.topicPattern)
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    return `--topic-pattern is invalid: ${error.message}`
  }
  return undefined
}

export function compressionOf({ gzip, zstd }: NsqToFileOptions): Compression {
  if (gzip) return 'gzip'
  return zstd ? 'zstd' : 'none'
}

/** The log level of a word in any case. */
export function levelOf(word: string): LogLevel | undefined {
  return LOG_LEVELS.find((level) => level === word.toLowerCase())
}

/** @throws {PatternError} */
export function topicFilter(expression: string): (topic: string) => boolean {
  if (expression === '') return () => true
  // It may be found anywhere in the name, and a pattern matches whole names.
  const pattern = new Pattern(`.*(?:${expression}).*`)
  return (topic) => pattern.matches(topic)
}
