// Consumers whose messages are printed. A message is finished once its line is written.

import type { Consumer, Message } from '@tsq/client'

import { makeConsumer, startConsumer } from '../common/clients.ts'
import type { ToolContext } from '../common/run-tool.ts'
import { TrafficLine } from '../delivery/traffic-line.ts'
import type { NsqTailOptions } from './options.ts'
import { Printer } from './printer.ts'
import { requireReplay } from './since.ts'

const PROGRAM = 'nsq_tail'

export class NsqTail {
  readonly #consumers: readonly Consumer[]
  readonly #printer: Printer
  readonly #line: TrafficLine | undefined
  readonly #maxInFlight: number
  readonly #count: number
  readonly #context: Pick<ToolContext, 'end' | 'fail' | 'exit'>
  #isEnding = false

  /** @throws {FatalError} */
  static async start(
    values: NsqTailOptions,
    context: Pick<ToolContext, 'end' | 'fail' | 'exit'>,
  ): Promise<NsqTail> {
    if (values.since !== undefined) await requireReplay(values, values.topics)
    const tool = new NsqTail(values, context)
    for (const consumer of tool.#consumers) {
      process.stderr.write(`Adding consumer for topic: ${consumer.topic}\n`)
      await startConsumer(consumer, tool.#handlerFor(consumer), values.nsqdTcpAddresses)
    }
    return tool
  }

  private constructor(values: NsqTailOptions, context: Pick<ToolContext, 'end' | 'fail' | 'exit'>) {
    const { topics, count, maxInFlight } = values
    const { stdout, env } = process
    const isColoured = stdout.isTTY && (env['NO_COLOR'] ?? '') === ''
    const channel = values.channel === '' ? temporaryChannel() : values.channel
    this.#context = context
    this.#count = count === 0 ? Infinity : count
    this.#maxInFlight = Math.min(maxInFlight, this.#count)
    this.#printer = new Printer(stdout, { ...values, isColoured })
    // Every failed write is told to who asked for it.
    stdout.on('error', () => {})
    this.#consumers = topics.map((topic) =>
      makeConsumer(
        { program: PROGRAM, topic, channel },
        values,
        // However often it was tried elsewhere, it is to be seen.
        { maxAttempts: 0 },
        { maxInFlight: this.#maxInFlight },
      ),
    )
    // On a terminal the messages themselves say how far it is.
    this.#line = stdout.isTTY ? undefined : new TrafficLine('printed', () => this.#inHand())
  }

  /** Finishes what is being printed and puts back the rest. */
  async close(): Promise<void> {
    this.#isEnding = true
    await Promise.all(this.#consumers.map((consumer) => consumer.close()))
    this.#line?.stop()
  }

  /** With `--n` never more is taken than is still to be printed. */
  #handlerFor(consumer: Consumer): (message: Message) => Promise<void> {
    let taken = 0
    let printed = 0
    return async (message) => {
      if (this.#isEnding || taken === this.#count) {
        message.requeue(0, { backoff: false })
        return
      }
      taken++
      await this.#print(consumer.topic, message)
      printed++
      const left = this.#count - printed
      // Before FIN, so that nsqd sends no other in its place.
      if (left < this.#maxInFlight) consumer.setMaxInFlight(left)
      message.finish()
      if (left > 0) return
      this.#isEnding = true
      this.#context.end()
    }
  }

  async #print(topic: string, message: Message): Promise<void> {
    try {
      await this.#printer.print(topic, message.body)
      this.#line?.done()
    } catch (error) {
      // Whoever read it is gone, as `head` is after its last line: nothing to complain of.
      if (error instanceof Error && 'code' in error && error.code === 'EPIPE') {
        this.#context.exit(1)
      }
      this.#context.fail(error)
    }
  }

  #inHand(): number {
    return this.#consumers.reduce((sum, { stats }) => sum + stats.messagesInFlight, 0)
  }
}

/** Goes with its last consumer. */
function temporaryChannel(): string {
  const digits = String(Math.floor(Math.random() * 1_000_000)).padStart(6, '0')
  return `tail${digits}#ephemeral`
}
