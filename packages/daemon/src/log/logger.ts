import { pino } from 'pino'
import type { DestinationStream, Logger as PinoLogger } from 'pino'
import { textDestination } from './text-line.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export const LOG_FORMATS = ['text', 'json'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

/** What a line says besides its text. An `err` is written with its message; in JSON with its stack too. */
export type LogFields = Readonly<Record<string, unknown>>

/** Where every part of a daemon writes what an operator should know. Nothing is logged per message. */
export interface Logger {
  /** The least level that is written. Setting it changes the logger, its parent and all its children. */
  level: LogLevel
  /** Whether a line of this level would be written, to save making one that would not. */
  isEnabled(level: LogLevel): boolean
  debug(text: string, fields?: LogFields): void
  info(text: string, fields?: LogFields): void
  warn(text: string, fields?: LogFields): void
  error(text: string, fields?: LogFields): void
  fatal(text: string, fields?: LogFields): void
  /** A logger whose lines name a topic, channel or client: `TOPIC(orders) CHANNEL(archive): text`. */
  child(bindings: Readonly<Record<string, string | number>>): Logger
}

export interface LoggerOptions {
  readonly level?: LogLevel
  /** Comes first on each text line, such as `[nsqd] `; in JSON the word in it is the `name`. */
  readonly prefix?: string
  readonly format?: LogFormat
  /** Where lines go; standard error, written synchronously, unless given. */
  readonly destination?: DestinationStream
}

/** Makes a daemon's logger: pino underneath, NSQ's line format or JSON on top. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = 'info', prefix = '', format = 'text' } = options
  // Synchronous, so that the last lines before an exit are never lost.
  const destination = options.destination ?? pino.destination({ dest: 2, sync: true })
  const threshold = { rank: rankOf(level) }
  if (format === 'text') {
    const sink = pino(
      { level: 'debug', base: null, timestamp: false },
      textDestination(prefix, destination),
    )
    return new LevelledLogger(sink, threshold)
  }
  const sink = pino(
    {
      level: 'debug',
      base: { pid: process.pid, name: prefix.replace(/[^\w.-]/g, '') },
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
  return new LevelledLogger(sink, threshold)
}

/** A logger that writes nothing, for programs that embed a daemon and for tests. */
export function silentLogger(): Logger {
  return createLogger({ level: 'fatal', destination: { write: () => undefined } })
}

/** Shared by a logger and all its children, because a pino child copies its level and never looks again. */
interface Threshold {
  rank: number
}

class LevelledLogger implements Logger {
  readonly #sink: PinoLogger
  readonly #threshold: Threshold

  constructor(sink: PinoLogger, threshold: Threshold) {
    this.#sink = sink
    this.#threshold = threshold
  }

  get level(): LogLevel {
    return LOG_LEVELS[this.#threshold.rank] ?? 'info'
  }

  set level(level: LogLevel) {
    this.#threshold.rank = rankOf(level)
  }

  isEnabled(level: LogLevel): boolean {
    return rankOf(level) >= this.#threshold.rank
  }

  debug(text: string, fields?: LogFields): void {
    this.#write('debug', text, fields)
  }

  info(text: string, fields?: LogFields): void {
    this.#write('info', text, fields)
  }

  warn(text: string, fields?: LogFields): void {
    this.#write('warn', text, fields)
  }

  error(text: string, fields?: LogFields): void {
    this.#write('error', text, fields)
  }

  fatal(text: string, fields?: LogFields): void {
    this.#write('fatal', text, fields)
  }

  child(bindings: Readonly<Record<string, string | number>>): Logger {
    return new LevelledLogger(this.#sink.child({ ...bindings }), this.#threshold)
  }

  #write(level: LogLevel, text: string, fields: LogFields | undefined): void {
    if (!this.isEnabled(level)) return
    // An empty format argument list keeps pino from reading % in the text.
    if (fields === undefined) this.#sink[level](text)
    else this.#sink[level](fields, text)
  }
}

function rankOf(level: LogLevel): number {
  return LOG_LEVELS.indexOf(level)
}
