import { HttpClient, type Logger } from '@tsq/daemon'

/** What the endpoint is told of an action, as nsqadmin 1.3.0 has it. */
export interface Notification {
  readonly action: string
  readonly topic: string
  readonly channel?: string
  readonly node?: string
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly user?: string
  readonly remote_ip: string
  readonly user_agent: string
  readonly url: string
  /** The host of this nsqadmin. */
  readonly via: string
}

const MAX_WAITING = 1_000
const CONNECT_TIMEOUT_MS = 2_000
const REQUEST_TIMEOUT_MS = 5_000

/** POSTs actions to an endpoint, one at a time. What it can't deliver is logged and dropped; nobody waits for it. */
export class Notifier {
  readonly #endpoint: URL | undefined
  readonly #logger: Logger
  readonly #client = new HttpClient({
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
  })
  readonly #closing = new AbortController()
  readonly #waiting: Notification[] = []
  #sending: Promise<void> | undefined
  #lost = 0

  constructor(endpoint: string, logger: Logger) {
    this.#endpoint = endpoint === '' ? undefined : new URL(endpoint)
    this.#logger = logger
  }

  /** Notifications that were not delivered. */
  get lost(): number {
    return this.#lost
  }

  send(notification: Notification): void {
    const endpoint = this.#endpoint
    if (endpoint === undefined || this.#closing.signal.aborted) return
    if (this.#waiting.length >= MAX_WAITING) {
      this.#lost += 1
      return
    }
    this.#waiting.push(notification)
    this.#sending ??= this.#sendAll(endpoint).finally(() => (this.#sending = undefined))
  }

  /** Gives up on what was not sent yet. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('nsqadmin stops'))
    await this.#sending
    this.#client.close()
  }

  async #sendAll(endpoint: URL): Promise<void> {
    const { signal } = this.#closing
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one at a time, in order
        const { status } = await this.#client.ask(endpoint, {
          method: 'POST',
          body: JSON.stringify(next),
          signal,
        })
        if (status >= 300) throw new Error(`it answered ${status}`)
      } catch (error) {
        this.#lost += 1
        this.#logger.error(`failed to notify ${endpoint.host} of ${next.action}`, { err: error })
      }
    }
  }
}
