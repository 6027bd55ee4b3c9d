// Records in, MPUBs out: to every nsqd, in order, several unanswered at a time.

import { OutcomeUnknownError, type Producer } from '@tsq/client'

import { connectProblem, FatalError } from '../common/fatal-error.ts'

/** From here on a record has a PUB of its own, so that one nsqd finds too big takes no other with it. */
const ALONE_BYTES = 65_536
const BATCH_BYTES = 262_144
const BATCH_RECORDS = 2_000
/** Most bytes of records that may be unanswered. */
const PENDING_BYTES = 4_194_304
/** What a record costs in memory besides its bytes: without it millions of short ones would be few bytes. */
const RECORD_COST_BYTES = 64

/** Publishes every record to every producer. What fails is told once, by `publish` or `flush`. */
export class RecordPublisher {
  readonly #topic: string
  readonly #producers: readonly Producer[]
  readonly #onPublished: (records: number, bytes: number) => void
  #isConnected = false
  #pendingBytes = 0
  #pending = 0
  #failure: Error | undefined
  #onProgress: (() => void) | undefined

  /** @param onPublished called when all nsqd have answered `OK` for so many more records. */
  constructor(
    topic: string,
    producers: readonly Producer[],
    onPublished: (records: number, bytes: number) => void,
  ) {
    this.#topic = topic
    this.#producers = producers
    this.#onPublished = onPublished
  }

  /**
   * Takes records, and resolves when more may come.
   *
   * @param records borrowed until they are published.
   * @throws {FatalError} what went wrong, with these or earlier ones.
   */
  async publish(records: readonly Buffer[]): Promise<void> {
    if (records.length > 0 && !this.#isConnected) await this.#connect()
    let batch: Buffer[] = []
    let bytes = 0
    for (const record of records) {
      const isAlone = record.length >= ALONE_BYTES
      const isFull = bytes + record.length > BATCH_BYTES || batch.length === BATCH_RECORDS
      if (batch.length > 0 && (isAlone || isFull)) {
        await this.#send(batch, bytes)
        batch = []
        bytes = 0
      }
      batch.push(record)
      bytes += record.length
    }
    if (batch.length > 0) await this.#send(batch, bytes)
  }

  /** Resolves when everything is published. @throws {FatalError} */
  flush(): Promise<void> {
    return this.#until(() => this.#pending === 0)
  }

  /** Here rather than with the first publish: a nsqd that can't be reached ends the program, instead of being tried again. */
  async #connect(): Promise<void> {
    await Promise.all(
      this.#producers.map((producer) =>
        producer.connect().catch((error: unknown) => {
          throw new FatalError(connectProblem(producer.address, error), { cause: error })
        }),
      ),
    )
    this.#isConnected = true
  }

  async #send(batch: readonly Buffer[], bytes: number): Promise<void> {
    await this.#until(() => this.#pendingBytes < PENDING_BYTES)
    const cost = bytes + batch.length * RECORD_COST_BYTES
    this.#pending += 1
    this.#pendingBytes += cost
    const [only] = batch
    const sent = this.#producers.map((producer) =>
      batch.length === 1 && only !== undefined
        ? producer.publish(this.#topic, only)
        : producer.publishMany(this.#topic, batch),
    )
    void this.#watch(sent, batch.length, bytes, cost)
  }

  async #watch(
    sent: readonly Promise<void>[],
    records: number,
    bytes: number,
    cost: number,
  ): Promise<void> {
    try {
      await Promise.all(sent)
      this.#pending -= 1
      this.#pendingBytes -= cost
      this.#onPublished(records, bytes)
    } catch (error) {
      this.#failure ??= new FatalError(publishProblem(error), { cause: error })
    }
    this.#onProgress?.()
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (this.#failure === undefined && !isSo()) {
      await new Promise<void>((resolve) => {
        this.#onProgress = resolve
      })
    }
    if (this.#failure !== undefined) throw this.#failure
  }
}

function publishProblem(error: unknown): string {
  if (error instanceof OutcomeUnknownError) return `not connected: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}
