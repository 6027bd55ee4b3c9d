// Hot: keeps a fixed number of PUB, DPUB or MPUB commands unanswered on each connection, as NSQ's
// bench_writer does with one. The commands are built once; a send patches the sequence numbers.

import type { Generator, Progress, PublisherJob, PublisherResult } from './job.ts'
import { Link, type LinkOwner } from './link.ts'
import {
  BODY_SEQUENCE_AT,
  delayDigits,
  monotonicNs,
  publishCommand,
  type PublishCommand,
} from './wire.ts'

const ANSWER_LIMIT_MS = 10_000

export class Publisher implements Generator {
  readonly #job: PublisherJob
  readonly #connections: PublisherConnection[] = []
  #nextSequence: number
  #endSequence: number
  #unanswered = 0
  #startedAtNs = 0
  #endedAtNs = 0
  #timer: NodeJS.Timeout | undefined
  #failure: string | undefined

  constructor(job: PublisherJob) {
    this.#job = job
    this.#nextSequence = job.firstSequence
    this.#endSequence = job.firstSequence + job.messages
  }

  async prepare(): Promise<void> {
    for (let i = 0; i < this.#job.connections; i += 1) {
      this.#connections.push(new PublisherConnection(this, this.#job))
    }
    await Promise.all(this.#connections.map((connection) => connection.isUp))
  }

  start(): void {
    this.#startedAtNs = monotonicNs()
    this.#timer = setTimeout(() => this.#stop(), this.#job.seconds * 1000)
    for (let i = 0; i < this.#job.outstanding; i += 1) {
      for (const connection of this.#connections) this.send(connection)
    }
  }

  /** Sends the next command on `connection`, if any is left. */
  send(connection: PublisherConnection): void {
    if (this.#nextSequence >= this.#endSequence) return
    const first = this.#nextSequence
    this.#nextSequence += this.#job.batch
    this.#unanswered += 1
    connection.publish(first)
  }

  onOk(connection: PublisherConnection): void {
    this.#unanswered -= 1
    this.send(connection)
    if (this.#unanswered === 0) {
      this.#endedAtNs = monotonicNs()
      clearTimeout(this.#timer)
    }
  }

  fail(reason: string): void {
    this.#failure ??= `publisher: ${reason}`
  }

  progress(): Progress {
    return {
      messages: this.#published(),
      isDone: this.#endedAtNs > 0 && this.#unanswered === 0,
      failure: this.#failure,
    }
  }

  finish(): PublisherResult {
    for (const connection of this.#connections) connection.close()
    return {
      role: 'publisher',
      startedAtNs: this.#startedAtNs,
      endedAtNs: this.#endedAtNs,
      firstSequence: this.#job.firstSequence,
      published: this.#published(),
    }
  }

  #published(): number {
    return this.#nextSequence - this.#job.firstSequence - this.#unanswered * this.#job.batch
  }

  #stop(): void {
    this.#endSequence = this.#nextSequence
    setTimeout(() => {
      if (this.#unanswered > 0) {
        this.fail(`${this.#unanswered} commands unanswered ${ANSWER_LIMIT_MS} ms after the end`)
      }
    }, ANSWER_LIMIT_MS).unref()
  }
}

class PublisherConnection implements LinkOwner {
  readonly isUp: Promise<void>
  readonly #publisher: Publisher
  readonly #link: Link
  readonly #batch: number
  readonly #dueAtMs: number
  // A command may be patched again once its OK is here; OKs come in order.
  readonly #commands: PublishCommand[]
  #next = 0

  constructor(publisher: Publisher, job: PublisherJob) {
    this.#publisher = publisher
    this.#batch = job.batch
    this.#dueAtMs = job.dueAtMs
    this.#commands = Array.from({ length: job.outstanding }, () =>
      publishCommand(job.topic, job.batch, job.bodyBytes, job.dueAtMs > 0),
    )
    this.#link = new Link(job.port, this)
    this.isUp = this.#link.isUp
  }

  publish(firstSequence: number): void {
    const command = this.#commands[this.#next]
    if (command === undefined) throw new Error('no command to send')
    this.#next = (this.#next + 1) % this.#commands.length
    const { view, stride } = command
    if (this.#dueAtMs > 0) {
      command.bytes.write(delayDigits(this.#dueAtMs - Date.now()), command.delayAt, 'latin1')
    }
    let at = command.bodyAt + BODY_SEQUENCE_AT
    for (let i = 0; i < this.#batch; i += 1) {
      view.setUint32(at, firstSequence + i)
      at += stride
    }
    this.#link.socket.write(command.bytes)
  }

  close(): void {
    this.#link.close()
  }

  onOk(): void {
    this.#publisher.onOk(this)
  }

  onFailure(reason: string): void {
    this.#publisher.fail(reason)
  }

  onMessage(): void {
    this.#publisher.fail('nsqd sent a message to a publisher')
  }

  onReadBegin(): void {}
  onReadEnd(): void {}
}
