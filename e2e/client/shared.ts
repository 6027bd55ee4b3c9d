import { Nsqd } from './daemons.ts'
import type { Programs } from './programs.ts'

/** The nsqd that tests share which neither kill one nor want flags of their own: starting one is what costs most here. */
export class Shared {
  readonly programs: Programs
  #plain: Promise<Nsqd> | undefined
  #tls: Promise<Nsqd> | undefined
  #topics = 0

  constructor(programs: Programs) {
    this.programs = programs
  }

  plain(): Promise<Nsqd> {
    return (this.#plain ??= Nsqd.start(this.programs))
  }

  tls(): Promise<Nsqd> {
    return (this.#tls ??= Nsqd.startWithTls(this.programs))
  }

  /** A topic that no other test has. */
  topic(): string {
    this.#topics++
    return `topic-${this.#topics}`
  }

  async stop(): Promise<void> {
    for (const starting of [this.#plain, this.#tls]) await (await starting)?.[Symbol.asyncDispose]()
  }
}
