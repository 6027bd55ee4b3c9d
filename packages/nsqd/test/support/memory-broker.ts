import type { LogChannel } from '../../src/log-channel.ts'
import type { LogTopic } from '../../src/log-topic.ts'
import type { NsqdOptions } from '../../src/options.ts'
import { Broker } from './broker.ts'
import { Consumer, type ConsumerSettings } from './consumer.ts'
import { FakeClock } from './fake-clock.ts'
import { MemoryFiles } from './memory-files.ts'

/** A broker on files in memory, with one topic `t` and a channel `c` unless told otherwise. */
export class MemoryBroker extends Broker {
  readonly files: MemoryFiles
  readonly #options: Partial<NsqdOptions>

  constructor(
    options: Partial<NsqdOptions> = {},
    files = new MemoryFiles(),
    clock = new FakeClock(),
  ) {
    super(files, options, clock)
    this.files = files
    this.#options = options
  }

  /** Stops in order and starts again, `downMs` later. */
  async reopen(downMs = 0, options = this.#options): Promise<MemoryBroker> {
    await this.close()
    this.clock.advance(downMs)
    return new MemoryBroker(options, this.files, this.clock)
  }

  /** Another process on what the file system holds now, as after a kill. */
  afterKill(): MemoryBroker {
    return new MemoryBroker(this.#options, this.files.clone(), new FakeClock(this.clock.wallMs()))
  }

  get t(): LogTopic {
    return this.topic('t')
  }

  get c(): LogChannel {
    return this.channel('t', 'c')
  }

  consume(channel = 'c', settings: ConsumerSettings = {}): Consumer {
    return new Consumer(this.channel('t', channel), settings)
  }

  /** Publishes each and runs the turn. */
  pub(...bodies: string[]): void {
    for (const body of bodies) this.publish('t', body)
    this.run()
  }

  /** Publishes all at once and runs the turn. */
  mpub(bodies: readonly string[]): void {
    this.publishMany('t', bodies)
    this.run()
  }

  dpub(body: string, delayMs: number): void {
    this.publish('t', body, delayMs)
    this.run()
  }

  /** First sequence numbers of the segments that are there. */
  segments(): number[] {
    return this.files
      .allFiles()
      .filter((file) => file.endsWith('.log'))
      .map((file) => Number.parseInt(file.slice(file.lastIndexOf('/') + 1), 10))
  }
}
