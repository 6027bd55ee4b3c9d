import { prettyJson } from './pretty-json.ts'

export interface PrinterSettings {
  readonly isTopicShown: boolean
  readonly isPretty: boolean
  readonly isColoured: boolean
}

const NEWLINE = Buffer.from('\n')

/** Prints messages to a stream, a line each. */
export class Printer {
  readonly #stream: NodeJS.WritableStream
  readonly #settings: PrinterSettings

  constructor(stream: NodeJS.WritableStream, settings: PrinterSettings) {
    this.#stream = stream
    this.#settings = settings
  }

  /** Resolves when the bytes are out of our hands. @throws what the stream failed with. */
  print(topic: string, body: Buffer): Promise<void> {
    const { isTopicShown, isPretty, isColoured } = this.#settings
    const pretty = isPretty ? prettyJson(body, isColoured) : undefined
    const shown = pretty === undefined ? body : Buffer.from(pretty)
    const prefix = Buffer.from(isTopicShown ? `${topic} | ` : '')
    const line = Buffer.concat([prefix, shown, NEWLINE])
    return new Promise((resolve, reject) => {
      this.#stream.write(line, (error) => (error ? reject(error) : resolve()))
    })
  }
}
