// The frame around a daemon: command line, log, signals, exit code. The only place that ends the process.

import { resolveOptions } from './options/resolve.ts'
import type { Resolution } from './options/resolve.ts'
import type { OptionRules, OptionsOf, OptionTable } from './options/table.ts'
import { createLogger } from './log/logger.ts'
import type { Logger } from './log/logger.ts'
import { loggerOf } from './log/options.ts'
import type { LogOptionTable } from './log/options.ts'
import { StartupError } from './startup-error.ts'

/** A running daemon, as far as its frame is concerned. */
export interface RunningDaemon {
  close(): Promise<void>
}

/** What the frame tells a daemon, and lets it ask for. */
export interface DaemonContext {
  /** What followed the flags. */
  readonly positional: readonly string[]
  /** Stops the daemon as a signal would; exit code 0. */
  readonly stop: () => void
  /** The daemon can't go on: logs why, stops it, exit code 1. */
  readonly fail: (error: unknown) => void
}

export interface DaemonFrame<T extends OptionTable, D extends RunningDaemon = RunningDaemon> {
  /** The command's name, such as `nsqd`. */
  readonly program: string
  readonly table: T
  /** What `--version` prints, without the newline. */
  readonly versionText: string
  readonly rules?: OptionRules<T>
  /** Starts it. What is thrown ends the process with code 1; a `StartupError` needs no stack trace. */
  readonly start: (values: OptionsOf<T>, logger: Logger, context: DaemonContext) => Promise<D>
  /** Called on SIGHUP, which otherwise is a graceful stop. nsqd dies of it unflushed; tsq doesn't. */
  readonly onHangup?: (daemon: D) => void
  /** Called on SIGUSR1, which otherwise is ignored, as by nsqd. */
  readonly onUser1?: (daemon: D) => void
  /** How long closing may take before the process ends anyway. */
  readonly closeTimeoutMs?: number
  /** The words after the program's name; those of this process unless given. */
  readonly argv?: readonly string[]
}

const DEFAULT_CLOSE_TIMEOUT_MS = 30_000

/**
 * Runs a daemon for the life of the process and ends it: 0 after a clean stop, 1 when it can't start, fails
 * or won't close, 2 for a bad flag or a crash. For `main.ts` files only.
 */
export async function runDaemon<
  T extends OptionTable & LogOptionTable,
  D extends RunningDaemon = RunningDaemon,
>(frame: DaemonFrame<T, D>): Promise<void> {
  const { program, table } = frame
  const resolution = resolveOptions(table, {
    program,
    argv: frame.argv ?? process.argv.slice(2),
    ...(frame.rules === undefined ? {} : { rules: frame.rules }),
  })
  if (resolution.kind !== 'options') {
    sayAndExit(frame, resolution)
    return
  }
  const { values, warnings, positional } = resolution
  const logger = loggerOf(values)
  for (const warning of warnings) logger.warn(warning)

  const life = new DaemonLife<D>(program, logger, frame.closeTimeoutMs ?? DEFAULT_CLOSE_TIMEOUT_MS)
  life.watchForCrashes()
  life.watchForSignals(frame)
  life.watchForParent()
  const context: DaemonContext = {
    positional,
    stop: () => life.stop(0),
    fail: (error) => life.fail(error),
  }
  try {
    life.started(await frame.start(values, logger, context))
  } catch (error) {
    life.exitUnstarted(error)
  }
}

/** Everything that can end a daemon, and the one way it ends. */
class DaemonLife<D extends RunningDaemon> {
  readonly #program: string
  readonly #logger: Logger
  readonly #closeTimeoutMs: number
  #daemon: D | undefined
  #exitCode: number | undefined

  constructor(program: string, logger: Logger, closeTimeoutMs: number) {
    this.#program = program
    this.#logger = logger
    this.#closeTimeoutMs = closeTimeoutMs
  }

  watchForCrashes(): void {
    const crash = (error: unknown): void => {
      this.#logger.fatal(`${this.#program} crashed`, {
        err: error,
        stack: error instanceof Error ? error.stack : String(error),
      })
      process.exit(2)
    }
    process.on('uncaughtException', crash)
    process.on('unhandledRejection', crash)
  }

  watchForSignals({
    onHangup,
    onUser1,
  }: Pick<DaemonFrame<OptionTable, D>, 'onHangup' | 'onUser1'>): void {
    process.on('SIGTERM', () => this.stop(0))
    process.on('SIGINT', () => this.stop(0))
    process.on('SIGHUP', () => {
      if (onHangup === undefined) this.stop(0)
      else if (this.#daemon !== undefined) onHangup(this.#daemon)
    })
    // Unless wanted they are ignored, as by nsqd. Node would open its debugger on the one and end on the other.
    process.on('SIGUSR1', () => {
      if (this.#daemon !== undefined) onUser1?.(this.#daemon)
    })
    process.on('SIGUSR2', () => undefined)
  }

  /** Who started us with a channel to talk by, as `tsq up` does, takes us with it when it goes. */
  watchForParent(): void {
    if (process.channel === undefined || process.channel === null) return
    process.channel.unref()
    process.on('disconnect', () => this.stop(0))
  }

  started(daemon: D): void {
    this.#daemon = daemon
    // Told to stop while it was starting.
    if (this.#exitCode !== undefined) void this.#close(daemon, this.#exitCode)
  }

  stop(exitCode: 0 | 1): void {
    if (this.#exitCode !== undefined) return
    this.#exitCode = exitCode
    const timeoutMs = this.#closeTimeoutMs
    setTimeout(() => {
      this.#logger.fatal(`${this.#program} did not stop within ${timeoutMs / 1_000} s, giving up`)
      process.exit(1)
    }, timeoutMs)
    if (this.#daemon !== undefined) void this.#close(this.#daemon, exitCode)
  }

  fail(error: unknown): void {
    if (this.#exitCode !== undefined) return
    this.#logger.fatal(textOf(error))
    this.stop(1)
  }

  exitUnstarted(error: unknown): void {
    logStartFailure(this.#program, this.#logger, error)
    process.exit(1)
  }

  async #close(daemon: D, exitCode: number): Promise<void> {
    try {
      await daemon.close()
    } catch (error) {
      this.#logger.fatal('failed to stop cleanly', { err: error })
      process.exit(1)
    }
    process.exit(exitCode)
  }
}

function logStartFailure(program: string, logger: Logger, error: unknown): void {
  if (error instanceof StartupError) {
    logger.fatal(`failed to instantiate ${program} - ${error.message}`)
    return
  }
  logger.fatal(textOf(error), error instanceof Error ? { stack: error.stack } : undefined)
}

function sayAndExit<T extends OptionTable>(
  { program, versionText }: { readonly program: string; readonly versionText: string },
  resolution: Exclude<Resolution<T>, { kind: 'options' }>,
): void {
  switch (resolution.kind) {
    case 'version':
      process.stdout.write(`${versionText}\n`)
      process.exit(0)
      break
    case 'help':
      process.stderr.write(resolution.text)
      process.exit(resolution.exitCode)
      break
    case 'error': {
      const { reason, message, usage, exitCode } = resolution
      // No options, hence no log settings yet: the default line format.
      const logger = createLogger({ prefix: `[${program}] ` })
      if (reason === 'flag') process.stderr.write(`${message}\n${usage}`)
      else if (reason === 'config') logger.fatal(message)
      else logger.fatal(`failed to instantiate ${program} - ${message}`)
      process.exit(exitCode)
      break
    }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
