// Hot: runs once per turn of the event loop in which anything happened.

/** What has something to commit. */
export interface Committer {
  commit(): void
}

/** What has something to hand out. */
export interface Pumper {
  isDirty: boolean
  pump(): void
}

/** What has something to send. */
export interface Flusher {
  flush(): void
}

/**
 * Gathers what one turn of the event loop changed and then, after all sockets have been read, does each thing once and in
 * this order: commit topics, pump channels, flush sessions. So a turn costs a topic one write and a connection one write,
 * however many commands came in, and no answer overtakes its commit.
 *
 * Who adds itself keeps a flag, so that it stands in a list once.
 */
export class Turn {
  #topics: Committer[] = []
  #channels: Pumper[] = []
  #sessions: Flusher[] = []
  #isScheduled = false
  readonly #schedule: (run: () => void) => void
  readonly #run = (): void => this.run()

  /** @param schedule calls back at the end of the turn; tests run the turn by hand. */
  constructor(schedule: (run: () => void) => void = setImmediate) {
    this.#schedule = schedule
  }

  addTopic(topic: Committer): void {
    this.#topics.push(topic)
    this.#wake()
  }

  addChannel(channel: Pumper): void {
    channel.isDirty = true
    this.#channels.push(channel)
    this.#wake()
  }

  addSession(session: Flusher): void {
    this.#sessions.push(session)
    this.#wake()
  }

  run(): void {
    this.#isScheduled = false
    const topics = this.#topics
    if (topics.length > 0) {
      this.#topics = []
      for (const topic of topics) topic.commit()
    }
    const channels = this.#channels
    if (channels.length > 0) {
      this.#channels = []
      for (const channel of channels) {
        channel.isDirty = false
        channel.pump()
      }
    }
    const sessions = this.#sessions
    if (sessions.length > 0) {
      this.#sessions = []
      for (const session of sessions) session.flush()
    }
  }

  #wake(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#schedule(this.#run)
  }
}
