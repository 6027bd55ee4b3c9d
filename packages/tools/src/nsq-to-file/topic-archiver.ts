// Hot: one topic, from its consumer to its files.
//
// Everything that happens (messages, the tick of the sync interval, HUP, the end) is noted and then worked off by one
// loop, a step at a time, so that nothing touches a file while something else does.

import type { Message, MessageHandler } from '@tsq/client'
import { type Logger, MAX_TIMER_MS } from '@tsq/daemon'

import { connectProblem } from '../common/fatal-error.ts'
import type { ArchiveFolder, OpenArchive } from './archive-folder.ts'
import type { FileNames } from './file-name.ts'

/** A consumer, as far as the archive is concerned. */
export interface MessageSource {
  /** Whether nsqd holds back until it hears of what it has sent. */
  readonly isStarved: boolean
  on(event: 'error', listener: (error: Error) => void): unknown
  run(handler: MessageHandler): void
  close(): Promise<void>
}

export interface TopicArchiverSettings {
  readonly maxInFlight: number
  readonly syncIntervalMs: number
  readonly rotateSize: number
  readonly rotateIntervalMs: number
  readonly skipEmptyFiles: boolean
  readonly logger: Logger
  /** `[topic/channel] `, the beginning of each text logged. */
  readonly subject: string
  /** The files can't be written: nothing may be finished any more. */
  readonly onFatal: (error: unknown) => void
}

export class TopicArchiver {
  readonly #consumer: MessageSource
  readonly #names: FileNames
  readonly #folder: ArchiveFolder
  readonly #settings: TopicArchiverSettings
  #arrived: Message[] = []
  /** Appended to a file, and not finished. */
  #unsynced: Message[] = []
  #open: OpenArchive | undefined
  /** What was open last: its next revision is the first to be tried for the same name. */
  #last: { readonly name: string; readonly revision: number } | undefined
  #isTickDue = false
  #isHangupDue = false
  #isClosing = false
  /** Files can't be written any more: nothing may be finished. */
  #hasFailed = false
  #isWorking = false
  #work: Promise<void> | undefined
  #ticks: NodeJS.Timeout | undefined
  #closed: Promise<void> | undefined

  /** @param consumer made and not started; this closes it. */
  constructor(
    consumer: MessageSource,
    names: FileNames,
    folder: ArchiveFolder,
    settings: TopicArchiverSettings,
  ) {
    this.#consumer = consumer
    this.#names = names
    this.#folder = folder
    this.#settings = settings
  }

  /** Begins to consume. A nsqd that can't be reached is tried again and again. */
  start(): void {
    const { logger, subject, syncIntervalMs } = this.#settings
    this.#consumer.on('error', (error) => {
      const address = 'address' in error ? String(error.address) : ''
      logger.error(`${subject}${connectProblem(address, error)}`)
    })
    this.#consumer.run((message) => {
      message.disableAutoResponse()
      this.#arrived.push(message)
      this.#wake()
    })
    this.#ticks = setInterval(
      () => {
        this.#isTickDue = true
        this.#wake()
      },
      Math.min(syncIntervalMs, MAX_TIMER_MS),
    )
  }

  /** Finishes the file that is open; the next message or tick opens another. */
  hangUp(): void {
    this.#isHangupDue = true
    this.#wake()
  }

  /** Takes no new messages, syncs and finishes those in hand, and closes the file. Never rejects. */
  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown())
  }

  #wake(): void {
    if (this.#isWorking || this.#hasFailed) return
    this.#isWorking = true
    this.#work = this.#workOff()
  }

  async #workOff(): Promise<void> {
    try {
      // All the messages one read brings are worked off together.
      await Promise.resolve()
      do {
        await this.#takeArrived()
        if (this.#isTickDue) await this.#tick()
        if (this.#isHangupDue) await this.#finishOpen()
        if (this.#isClosing || this.#consumer.isStarved) await this.#sync()
      } while (this.#arrived.length > 0 || this.#isTickDue || this.#isHangupDue)
    } catch (error) {
      this.#hasFailed = true
      this.#settings.onFatal(error)
    } finally {
      this.#isWorking = false
    }
  }

  async #takeArrived(): Promise<void> {
    const arrived = this.#arrived
    this.#arrived = []
    for (const message of arrived) {
      const nowMs = Date.now()
      let open = this.#open
      const isNew = open === undefined || this.#isOver(open, nowMs)
      if (open === undefined || isNew) open = await this.#openNext(nowMs)
      open.file.append(message.body)
      this.#unsynced.push(message)
      if (isNew || this.#unsynced.length >= this.#settings.maxInFlight) await this.#sync()
      else if (open.file.isFull) await open.file.write()
    }
  }

  async #tick(): Promise<void> {
    this.#isTickDue = false
    const nowMs = Date.now()
    if (this.#open === undefined || this.#isOver(this.#open, nowMs)) {
      if (this.#settings.skipEmptyFiles) await this.#closeOpen()
      else await this.#openNext(nowMs)
    }
    await this.#sync()
  }

  async #finishOpen(): Promise<void> {
    this.#isHangupDue = false
    await this.#sync()
    await this.#closeOpen()
  }

  /** Whether something else must be written to from now on. */
  #isOver({ file, name }: OpenArchive, nowMs: number): boolean {
    const { rotateIntervalMs, rotateSize } = this.#settings
    if (name !== this.#names.at(nowMs)) return true
    if (rotateIntervalMs > 0 && nowMs - file.openedAtMs > rotateIntervalMs) return true
    return rotateSize > 0 && file.bytes > rotateSize
  }

  async #openNext(nowMs: number): Promise<OpenArchive> {
    await this.#closeOpen()
    const name = this.#names.at(nowMs)
    const revision = this.#last?.name === name ? this.#last.revision + 1 : 0
    const open = await this.#folder.open(name, revision, nowMs)
    this.#last = open
    this.#open = open
    return open
  }

  async #closeOpen(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    if (open !== undefined) await this.#folder.finish(open)
  }

  /** Only what is synced is finished. What was in files closed since was synced when they were. */
  async #sync(): Promise<void> {
    const unsynced = this.#unsynced
    if (unsynced.length > 0) {
      const { logger, subject } = this.#settings
      logger.info(`${subject}syncing ${unsynced.length} records to disk`)
    }
    await this.#open?.file.sync()
    for (const message of unsynced) message.finish()
    this.#unsynced = []
  }

  async #shutDown(): Promise<void> {
    clearInterval(this.#ticks)
    // 1. nsqd is told to send no more, and closes when what is in hand is finished: at once from now on.
    this.#isClosing = true
    const closed = this.#consumer.close()
    this.#wake()
    await closed
    // 2. What came last is on disk.
    this.#wake()
    await this.#work
    // 3. The file is put where it belongs.
    if (!this.#hasFailed) {
      await this.#closeOpen().catch((error: unknown) => this.#settings.onFatal(error))
    }
  }
}
