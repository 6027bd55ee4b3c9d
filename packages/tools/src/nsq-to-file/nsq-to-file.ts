import { createLogger, type Logger, MAX_TIMER_MS } from '@tsq/daemon'

import { makeConsumer } from '../common/clients.ts'
import { ArchiveFolder } from './archive-folder.ts'
import { checkPort, Discovery, hostAndPort } from './discovery.ts'
import { FileNames, workDirOf } from './file-name.ts'
import { compressionOf, levelOf, type NsqToFileOptions, topicFilter } from './options.ts'
import { TopicArchiver } from './topic-archiver.ts'

/** Archives topics to files: those named, or all that nsqlookupd knows. */
export class NsqToFile {
  readonly #options: NsqToFileOptions
  readonly #logger: Logger
  readonly #isWanted: (topic: string) => boolean
  readonly #archivers = new Map<string, TopicArchiver>()
  readonly #discovery: Discovery | undefined
  /** Keeps the process up where no topic could be started, and nothing else would. */
  readonly #life: NodeJS.Timeout
  readonly #onFatal: () => void

  /**
   * Starts at once.
   *
   * @param onFatal files can't be written; it has been logged. Nothing is finished any more.
   * @throws {FatalError}
   */
  constructor(options: NsqToFileOptions, onFatal: () => void) {
    this.#options = options
    this.#onFatal = onFatal
    this.#logger = createLogger({
      level: levelOf(options.logLevel) ?? 'info',
      prefix: options.logPrefix,
    })
    this.#isWanted = topicFilter(options.topicPattern)
    // Wrong for all topics alike, so it is not left to them.
    for (const address of options.lookupdHttpAddresses) checkPort(address)
    this.#life = setInterval(() => undefined, MAX_TIMER_MS)
    if (options.topics.length > 0) {
      this.#addTopics(options.topics)
      return
    }
    this.#discovery = new Discovery({
      lookupds: options.lookupdHttpAddresses.map(hostAndPort),
      refreshMs: options.topicRefreshMs,
      connectTimeoutMs: options.httpConnectTimeoutMs,
      requestTimeoutMs: options.httpRequestTimeoutMs,
      logger: this.#logger,
      onTopics: (topics) => this.#addTopics(topics),
    })
    this.#discovery.start()
  }

  /** Finishes every file that is open. */
  hangUp(): void {
    for (const archiver of this.#archivers.values()) archiver.hangUp()
  }

  async close(): Promise<void> {
    clearInterval(this.#life)
    this.#discovery?.close()
    await Promise.all([...this.#archivers.values()].map((archiver) => archiver.close()))
  }

  #addTopics(topics: readonly string[]): void {
    for (const topic of topics) {
      if (this.#archivers.has(topic)) continue
      if (!this.#isWanted(topic)) {
        const pattern = this.#options.topicPattern
        this.#logger.warn(`skipping topic ${topic} (doesn't match pattern ${pattern})`)
        continue
      }
      try {
        const archiver = this.#makeArchiver(topic)
        this.#archivers.set(topic, archiver)
        archiver.start()
      } catch (error) {
        // The other topics go on. One that was found is tried again when topics are asked for next.
        const reason = error instanceof Error ? error.message : String(error)
        this.#logger.error(`couldn't create logger for new topic ${topic}: ${reason}`)
      }
    }
  }

  #makeArchiver(topic: string): TopicArchiver {
    const options = this.#options
    const { channel, rotateSize, rotateIntervalMs, gzipLevel } = options
    const compression = compressionOf(options)
    const logger = this.#logger
    const subject = `[${topic}/${channel}] `
    const names = new FileNames(topic, options)
    // An archive gives nothing up: unless told otherwise a message is tried for ever.
    const consumer = makeConsumer({ program: 'nsq_to_file', topic, channel }, options, {
      maxAttempts: 0,
    })
    const folder = new ArchiveFolder({
      workDir: workDirOf(options),
      outputDir: options.outputDir,
      isExclusive: compression !== 'none' || rotateIntervalMs > 0,
      rotateSize,
      compression,
      gzipLevel,
      logger,
      subject,
    })
    return new TopicArchiver(consumer, names, folder, {
      ...options,
      logger,
      subject,
      onFatal: (error) => {
        logger.fatal(`${subject}${error instanceof Error ? error.message : String(error)}`)
        this.#onFatal()
      },
    })
  }
}
