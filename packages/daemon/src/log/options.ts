import { boolean, choice, text } from '../options/kinds.ts'
import type { OptionsOf } from '../options/table.ts'
import { createLogger, LOG_FORMATS, LOG_LEVELS } from './logger.ts'
import type { Logger } from './logger.ts'

const GROUP = 'Logging'

/** The options every daemon has for its log; spread them into its table. */
export function logOptions(program: string) {
  return {
    logLevel: choice({
      flag: 'log-level',
      choices: LOG_LEVELS,
      default: 'info',
      ignoreCase: true,
      invalid: (value) => `invalid log level '${value}' (${LOG_LEVELS.join(', ')})`,
      group: GROUP,
      doc: 'least level that is logged, in any case',
    }),
    logPrefix: text({
      flag: 'log-prefix',
      default: `[${program}] `,
      group: GROUP,
      doc: 'beginning of every log line',
    }),
    logFormat: choice({
      flag: 'log-format',
      choices: LOG_FORMATS,
      default: 'text',
      group: GROUP,
      doc: "NSQ's log lines, or one JSON object a line",
    }),
    verbose: boolean({
      flag: 'verbose',
      default: false,
      group: GROUP,
      doc: 'taken for old command lines',
      deprecated: 'has no effect, use --log-level=debug',
    }),
  }
}

/** The rows of `logOptions`, which every daemon's table has. */
export type LogOptionTable = ReturnType<typeof logOptions>
export type LogOptions = OptionsOf<LogOptionTable>

/** The logger that a daemon's options ask for. */
export function loggerOf(options: Omit<LogOptions, 'verbose'>): Logger {
  return createLogger({
    level: options.logLevel,
    prefix: options.logPrefix,
    format: options.logFormat,
  })
}
