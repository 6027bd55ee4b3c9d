// What every tsq daemon shares. Internal: published because the daemons need it, promises nothing.

export { formatGoDuration, parseGoDuration } from './go/duration.ts'
export { goJson } from './go/json.ts'
export { parseGoBoolean, parseGoFloat, parseGoInteger } from './go/scalars.ts'
export type { GoNumberProblem } from './go/scalars.ts'

export {
  boolean,
  choice,
  custom,
  duration,
  float,
  floatList,
  integer,
  text,
  textList,
} from './options/kinds.ts'
export { OptionValueError } from './options/option.ts'
export type { Option, OptionDescription, OptionKind } from './options/option.ts'
export { defineOptions, OptionsError, withDefaults } from './options/table.ts'
export type { OptionRules, OptionsOf, OptionTable } from './options/table.ts'
export { helpText, referenceMarkdown } from './options/help.ts'
export { nearest } from './options/nearest.ts'
export { resolveOptions } from './options/resolve.ts'
export type { Resolution, ResolveInput } from './options/resolve.ts'

export { createLogger, LOG_FORMATS, LOG_LEVELS, silentLogger } from './log/logger.ts'
export type { LogFields, LogFormat, Logger, LoggerOptions, LogLevel } from './log/logger.ts'
export { loggerOf, logOptions } from './log/options.ts'
export type { LogOptions, LogOptionTable } from './log/options.ts'

export { exchange } from './http/exchange.ts'
export type { ExchangeOptions } from './http/exchange.ts'
export { HttpServer } from './http/server.ts'
export type { HttpServerOptions } from './http/server.ts'
export { HttpClient } from './http/client.ts'
export type { HttpAnswer, HttpClientOptions, HttpQuery } from './http/client.ts'
export {
  addressesIn,
  configValueReply,
  LOG_LEVEL_NUMBERS,
  logLevelIn,
} from './http/config-value.ts'
export { HttpError } from './http/http-error.ts'
export { HttpReply, HttpStream, JSON_TYPE } from './http/reply.ts'
export type { HandlerResult } from './http/reply.ts'
export type { HttpRequest } from './http/request.ts'
export type { Query } from './http/query.ts'
export type { HttpMethod, Route } from './http/routes.ts'

export {
  formatListenAddress,
  hostPort,
  isHostPort,
  listen,
  ListenError,
  parseListenAddress,
} from './listen-address.ts'
export type { ListenAddress } from './listen-address.ts'

export { Metrics } from './metrics.ts'
export type { Metric, MetricSample } from './metrics.ts'

export { DataPathError, lockDataPath } from './data-path-lock.ts'
export type { DataPathLock } from './data-path-lock.ts'

export { runDaemon } from './run-daemon.ts'
export type { DaemonContext, DaemonFrame, RunningDaemon } from './run-daemon.ts'
export { Pattern, PatternBudget } from './pattern/pattern.ts'
export { PatternError } from './pattern/pattern-syntax.ts'

export { StatusLine } from './status-line.ts'
export { MAX_TIMER_MS } from './timers.ts'
export { StartupError } from './startup-error.ts'

export { TlsAcceptor } from './tls/acceptor.ts'
export type { HandshakeOutcome } from './tls/acceptor.ts'
export { clientCertificateGate, plainHttpGate } from './tls/http-gates.ts'
export { tlsOptions } from './tls/options.ts'
export type { TlsOptions, TlsRequired, TlsVersion } from './tls/options.ts'
export { loadClientTls, loadTls, tlsRequiredBy } from './tls/settings.ts'
export type { ClientTlsFiles, TlsSettings } from './tls/settings.ts'
