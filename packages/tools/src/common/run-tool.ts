// The frame around a tool: command line, signals, exit code. The only place that ends the process.

import { NsqError } from '@tsq/client'
import { type OptionsOf, type OptionTable, resolveOptions } from '@tsq/daemon'

import { FatalError } from './fatal-error.ts'
import { logLine } from './go-log.ts'
import { versionText } from './identity.ts'

/** A running tool, as far as its frame is concerned. */
export interface RunningTool {
  close(): Promise<void>
}

/** What the frame lets a tool ask for. */
export interface ToolContext {
  /** What followed the flags. */
  readonly positional: readonly string[]
  /** The work is done: closes the tool as a signal would; exit code 0. */
  readonly end: () => void
  /** The tool can't go on: prints why as one line, and the process ends at once with exit code 1. */
  readonly fail: (error: unknown) => never
  /** The same without a word, for a tool that has said why in its own log. */
  readonly exit: (code: number) => never
}

export interface ToolFrame<T extends OptionTable, R extends RunningTool = RunningTool> {
  /** The command's name, such as `nsq_tail`. */
  readonly program: string
  readonly table: T
  /** The words after the command's name. */
  readonly argv: readonly string[]
  /** Whether there is a `--version`; there is unless told otherwise. */
  readonly hasVersion?: boolean
  /** What is wrong with the values, the first thing alone; ends the process with exit code 1. */
  readonly check: (values: OptionsOf<T>, positional: readonly string[]) => string | undefined
  /** The same, for what comes even before `--version`. */
  readonly checkFirst?: (values: OptionsOf<T>, positional: readonly string[]) => string | undefined
  /** Starts it. What is thrown ends the process with exit code 1. */
  readonly start: (values: OptionsOf<T>, context: ToolContext) => Promise<R>
  /** Called on SIGHUP, which otherwise ends the process. */
  readonly onHangup?: (tool: R) => void
  /** Whether INT, TERM and HUP end the process at once, with exit code 0. */
  readonly endsAtOnce?: boolean
  /** How long closing may take before the process ends anyway. */
  readonly closeTimeoutMs?: number
}

const DEFAULT_CLOSE_TIMEOUT_MS = 30_000

/** Runs a tool for the life of the process: 0 after a clean end, 1 when it fails or won't close, 2 for a bad flag. */
export async function runTool<T extends OptionTable, R extends RunningTool = RunningTool>(
  frame: ToolFrame<T, R>,
): Promise<void> {
  const { program, table, argv } = frame
  const resolution = resolveOptions(table, {
    program,
    argv,
    builtIn: { config: false, version: frame.hasVersion ?? true },
  })
  if (resolution.kind === 'help') {
    process.stderr.write(resolution.text)
    process.exit(0)
  }
  if (resolution.kind === 'error') {
    const { reason, message, usage, exitCode } = resolution
    if (reason === 'flag') process.stderr.write(`${message}\n${usage}`)
    else logLine(message)
    process.exit(exitCode)
  }
  const { values, positional } = resolution
  const first = frame.checkFirst?.(values, positional)
  if (first !== undefined) fail(new FatalError(first))
  if (resolution.kind === 'version') {
    process.stdout.write(`${versionText(program)}\n`)
    process.exit(0)
  }
  for (const warning of resolution.warnings) logLine(warning)
  const problem = frame.check(values, positional)
  if (problem !== undefined) fail(new FatalError(problem))

  const life = new ToolLife<R>(frame.program, frame.closeTimeoutMs ?? DEFAULT_CLOSE_TIMEOUT_MS)
  life.watchForCrashes()
  life.watchForSignals(frame)
  life.watchForParent()
  try {
    life.started(await frame.start(values, { positional, end: () => life.stop(), fail, exit }))
  } catch (error) {
    fail(error)
  }
}

/** Everything that can end a tool, and the one way it ends. */
class ToolLife<R extends RunningTool> {
  readonly #program: string
  readonly #closeTimeoutMs: number
  #tool: R | undefined
  #isStopping = false

  constructor(program: string, closeTimeoutMs: number) {
    this.#program = program
    this.#closeTimeoutMs = closeTimeoutMs
  }

  watchForCrashes(): void {
    const crash = (error: unknown): never => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      process.stderr.write(`${this.#program} crashed: ${text}\n`)
      return exit(2)
    }
    process.on('uncaughtException', crash)
    process.on('unhandledRejection', crash)
  }

  /** Who started us with a channel to talk by, as `tsq up` does, takes us with it when it goes. */
  watchForParent(): void {
    if (process.channel === undefined || process.channel === null) return
    process.channel.unref()
    process.on('disconnect', () => this.stop())
  }

  watchForSignals({
    onHangup,
    endsAtOnce = false,
  }: Pick<ToolFrame<OptionTable, R>, 'onHangup' | 'endsAtOnce'>): void {
    const onSignal = endsAtOnce ? (): never => exit(0) : (): void => this.stop()
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
    if (endsAtOnce) process.on('SIGHUP', onSignal)
    if (onHangup !== undefined) {
      process.on('SIGHUP', () => {
        if (this.#tool !== undefined && !this.#isStopping) onHangup(this.#tool)
      })
    }
    // Node would open its debugger on it.
    process.on('SIGUSR1', () => undefined)
  }

  started(tool: R): void {
    this.#tool = tool
    // Told to stop while it was starting.
    if (this.#isStopping) void this.#close(tool)
  }

  stop(): void {
    if (this.#isStopping) return
    this.#isStopping = true
    const timeoutMs = this.#closeTimeoutMs
    setTimeout(() => {
      logLine(`${this.#program} did not stop within ${timeoutMs / 1_000} s, giving up`)
      exit(1)
    }, timeoutMs)
    if (this.#tool !== undefined) void this.#close(this.#tool)
  }

  async #close(tool: R): Promise<void> {
    try {
      await tool.close()
    } catch (error) {
      fail(error)
    }
    exit(0)
  }
}

function fail(error: unknown): never {
  // A stack trace only for what nobody foresaw.
  const isExpected = error instanceof FatalError || error instanceof NsqError
  logLine(error instanceof Error ? error.message : String(error))
  if (!isExpected && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
  return exit(1)
}

function exit(code: number): never {
  process.exit(code)
}
