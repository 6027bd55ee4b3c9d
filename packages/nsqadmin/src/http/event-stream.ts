// Server-sent events to pages that stay open.

import type { ServerResponse } from 'node:http'

import { HttpError, HttpStream } from '@tsq/daemon'

const HEARTBEAT_MS = 15_000
/** A viewer that takes nothing for so long that this much waits for it is let go. */
const MAX_WAITING_BYTES = 1024 * 1024

/** One page that listens. */
export interface Viewer {
  /** Whether what was sent before still waits here: better to send nothing more for now. */
  readonly isBusy: boolean
  /** Returns false where the viewer is gone. */
  send(event: string, data: unknown): boolean
  /** Ends the stream. */
  end(): void
}

/** Pages that listen; so many at most. Closing ends all of them. */
export class EventStreams {
  readonly #max: number
  readonly #open = new Set<ServerResponse>()
  readonly #heartbeat: NodeJS.Timeout
  #isClosed = false

  constructor(max: number) {
    this.#max = max
    // A comment keeps proxies from taking the connection for dead, and shows us who is gone.
    this.#heartbeat = setInterval(() => {
      for (const response of this.#open) write(response, ':\n\n')
    }, HEARTBEAT_MS)
    this.#heartbeat.unref()
  }

  get count(): number {
    return this.#open.size
  }

  /**
   * @param begin called once the viewer listens; what it returns is called when the viewer has gone.
   * @throws {HttpError} 503 `TOO_MANY_VIEWERS`
   */
  stream(begin: (viewer: Viewer) => () => void): HttpStream {
    if (this.#open.size >= this.#max || this.#isClosed) throw new HttpError(503, 'TOO_MANY_VIEWERS')
    return new HttpStream({
      contentType: 'text/event-stream',
      headers: {
        'Cache-Control': 'no-store',
        // nginx would keep events back otherwise.
        'X-Accel-Buffering': 'no',
        'X-Content-Type-Options': 'nosniff',
      },
      begin: (response) => {
        this.#open.add(response)
        // Tells the page how soon to come back after a break.
        write(response, 'retry: 3000\n\n')
        const end = begin({
          get isBusy() {
            return response.writableNeedDrain
          },
          send: (event, data) =>
            write(response, `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
          end: () => response.end(),
        })
        response.once('close', () => {
          this.#open.delete(response)
          end()
        })
        response.on('error', () => response.destroy())
      },
    })
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#heartbeat)
    for (const response of this.#open) response.end()
  }
}

function write(response: ServerResponse, text: string): boolean {
  if (response.destroyed || response.writableEnded) return false
  if (response.writableLength > MAX_WAITING_BYTES) {
    response.destroy()
    return false
  }
  // What it returns says only whether there is room for more.
  response.write(text)
  return true
}
