import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'

const TIMEOUT_MS = 20_000

/** A utility that runs; it is gone when the test is over. */
export interface Tool {
  input(data: string): void
  /** What it prints on stdout until it ends by itself, which must be with exit code 0. */
  output(): Promise<string>
  /** Asks it to end and waits for exit code 0. */
  stop(): Promise<void>
}

export function startTool(t: TestContext, command: string, args: readonly string[]): Tool {
  const child = spawn(command, args, { stdio: 'pipe' })
  const exited = once(child, 'exit')
  t.after(() => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  })
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)]
  const ended = async (): Promise<void> => {
    const slow = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS)
    await exited
    clearTimeout(slow)
    const how = child.exitCode ?? child.signalCode
    assert.equal(child.exitCode, 0, `${basename(command)} ended with ${how}: ${await stderr}`)
  }
  return {
    input: (data) => child.stdin.end(data),
    output: async () => {
      await ended()
      return stdout
    },
    stop: async () => {
      child.kill('SIGTERM')
      await ended()
    },
  }
}
