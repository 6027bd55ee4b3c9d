// Protocol sessions as text. What a file may hold:
//
//   options {"maxMsgSize":100}        of the nsqd that the file runs against
//   === what this session shows       begins a session; every one has connections of its own
//   bare                              connections send no magic by themselves
//   > RDY 1                           connection a sends the line and a line feed
//   >> {i32:3}abc                     … and this without one
//   b> NOP                            the same on another connection
//   half-close                        a sends no more (b half-close: b)
//   close                             a is gone
//   < OK   < error E_…   < message 1 body   < closed    what a must have been sent by then
//
// In what is sent, {i32:5} is an int32, {x:100} a hundred times x, {id:body} the id under which the connection was last
// delivered that message, and \n, \r, \t, \\, \xNN are bytes; a space at an end is \x20. Ids of delivered messages are shown as <id of body>.

import { Client, type Frame, isHeartbeat } from './client.ts'

export type Line =
  | { readonly kind: 'send'; readonly on: string; readonly text: string; readonly hasEnd: boolean }
  | { readonly kind: 'half-close' | 'close'; readonly on: string }
  | { readonly kind: 'expect'; readonly on: string; readonly text: string }
  | { readonly kind: 'other'; readonly text: string }

export interface Session {
  readonly title: string
  readonly isBare: boolean
  readonly lines: readonly Line[]
}

export interface Transcript {
  readonly options: object
  /** What stands before the first session. */
  readonly head: readonly string[]
  readonly sessions: readonly Session[]
}

export function parseTranscript(text: string): Transcript {
  const head: string[] = []
  const sessions: { title: string; isBare: boolean; lines: Line[] }[] = []
  let options: object = {}
  for (const line of text.trimEnd().split('\n')) {
    const session = sessions.at(-1)
    if (line.startsWith('=== ')) sessions.push({ title: line.slice(4), isBare: false, lines: [] })
    else if (session === undefined) {
      head.push(line)
      if (line.startsWith('options ')) options = JSON.parse(line.slice('options '.length)) as object
    } else {
      session.lines.push(parseLine(line))
      if (line === 'bare') session.isBare = true
    }
  }
  return { options, head, sessions }
}

function parseLine(text: string): Line {
  const sent = /^([a-z]?)(>>?) ?(.*)$/s.exec(text)
  if (sent !== null) {
    const [, on, arrow, what = ''] = sent
    return { kind: 'send', on: on || 'a', text: what, hasEnd: arrow === '>' }
  }
  const expected = /^([a-z]?)< (.*)$/.exec(text)
  if (expected !== null) return { kind: 'expect', on: expected[1] || 'a', text: expected[2]! }
  const ended = /^(?:([a-z]) )?(half-close|close)$/.exec(text)
  if (ended !== null) return { kind: ended[2] as 'half-close' | 'close', on: ended[1] ?? 'a' }
  return { kind: 'other', text }
}

export function printTranscript({ head, sessions }: Transcript): string {
  const lines = [...head]
  for (const session of sessions) lines.push(printSession(session))
  return `${lines.join('\n')}\n`
}

export function printSession({ title, lines }: Session): string {
  return [`=== ${title}`, ...lines.map(printLine)].join('\n')
}

function printLine(line: Line): string {
  if (line.kind === 'other') return line.text
  const on = line.on === 'a' ? '' : line.on
  if (line.kind === 'send') return `${on}${line.hasEnd ? '>' : '>>'} ${line.text}`.trimEnd()
  if (line.kind === 'expect') return `${on}< ${line.text}`
  return `${on === '' ? '' : `${on} `}${line.kind}`
}

/** How bytes are handed to the socket. */
export type Splitter = (bytes: Buffer) => readonly Buffer[]

const BARRIER = Buffer.from('PUB barrier\n\0\0\0\x01.')
const QUIET_MS = 60

/**
 * Plays a session.
 *
 * @param isRecording waits until nothing more comes, instead of for what is expected.
 * @returns the session with what was really seen in the place of what was expected.
 */
export async function playSession(
  address: string,
  session: Session,
  split: Splitter,
  isRecording: boolean,
): Promise<Session> {
  const player = new Player(address, session.isBare)
  try {
    const lines: Line[] = []
    const rest = session.lines.slice()
    while (rest.length > 0) {
      const inputs = takeWhile(rest, ({ kind }) => kind !== 'expect')
      const expected = takeWhile(rest, ({ kind }) => kind === 'expect')
      await player.act(inputs, split)
      const seen = await player.look(expected, isRecording)
      // What was seen stands behind the last input, before the empty line that ends the session.
      const blank =
        inputs.at(-1)?.kind === 'other' && expected.length === 0 ? inputs.pop() : undefined
      lines.push(...inputs, ...seen, ...(blank === undefined ? [] : [blank]))
    }
    await player.checkNothingElse()
    return { ...session, lines }
  } finally {
    player.close()
  }
}

function takeWhile(lines: Line[], isWanted: (line: Line) => boolean): Line[] {
  const end = lines.findIndex((line) => !isWanted(line))
  return lines.splice(0, end === -1 ? lines.length : end)
}

class Player {
  readonly #address: string
  readonly #isBare: boolean
  readonly #clients = new Map<string, Client>()
  readonly #ids = new Map<string, string>()
  readonly #bodies = new Map<string, string>()

  constructor(address: string, isBare: boolean) {
    this.#address = address
    this.#isBare = isBare
  }

  async act(inputs: readonly Line[], split: Splitter): Promise<void> {
    const waiting = new Map<string, Buffer[]>()
    const flush = async (on: string): Promise<void> => {
      const client = await this.#client(on)
      for (const piece of split(Buffer.concat(waiting.get(on) ?? []))) {
        client.send(piece)
        // The next piece is to be read by itself.
        if (piece.length > 0) await new Promise((resolve) => setImmediate(resolve))
      }
      waiting.delete(on)
    }
    for (const line of inputs) {
      if (line.kind === 'send') {
        const bytes = this.#bytesOf(line.on, line.text + (line.hasEnd ? '\\n' : ''))
        waiting.set(line.on, [...(waiting.get(line.on) ?? []), bytes])
      } else if (line.kind === 'half-close') {
        await flush(line.on)
        const client = await this.#client(line.on)
        client.shut()
      } else if (line.kind === 'close') {
        await flush(line.on)
        this.#clients.get(line.on)?.close()
        this.#clients.delete(line.on)
      }
    }
    for (const on of waiting.keys()) await flush(on)
  }

  async look(expected: readonly Line[], isRecording: boolean): Promise<Line[]> {
    if (isRecording) await new Promise((resolve) => setTimeout(resolve, QUIET_MS))
    const lines: Line[] = []
    for (const [on, client] of this.#clients) {
      const wanted = expected.flatMap((line) =>
        line.kind === 'expect' && line.on === on ? [line.text] : [],
      )
      const frames = wanted.filter((text) => text !== 'closed').length
      if (!isRecording && wanted.includes('closed')) await client.ended()
      if (!isRecording)
        await client.until(() => framesOf(client).length >= frames || client.isEnded)
      const texts = this.#describe(on, client)
      if (client.isEnded && (isRecording || wanted.includes('closed'))) {
        texts.push('closed')
        this.#clients.delete(on)
      }
      for (const text of texts) lines.push({ kind: 'expect', on, text })
    }
    return lines
  }

  /** Every connection that is still there answers a last command, and nothing else has come before. */
  async checkNothingElse(): Promise<void> {
    for (const [on, client] of this.#clients) {
      client.send(BARRIER)
      const frame = await client.next()
      if (frame.text !== 'OK' || framesOf(client).length > 0) {
        throw new Error(`${on} was also sent: ${frame.type} ${frame.text}`)
      }
    }
  }

  close(): void {
    for (const client of this.#clients.values()) client.close()
  }

  async #client(on: string): Promise<Client> {
    const known = this.#clients.get(on)
    if (known !== undefined) return known
    const client = await Client.open(this.#address, this.#isBare ? '' : undefined)
    this.#clients.set(on, client)
    return client
  }

  /** Answers in order, then messages. */
  #describe(on: string, client: Client): string[] {
    const answers: string[] = []
    const messages: string[] = []
    for (const { type, text, id, attempts } of framesOf(client)) {
      if (type === 'message') {
        this.#ids.set(`${on} ${text}`, id)
        this.#bodies.set(id, text)
        messages.push(`message ${attempts} ${text}`)
      } else answers.push(show(type === 'error' ? `error ${text}` : text))
    }
    client.frames.length = 0
    return [...answers.map((text) => this.#mask(text)), ...messages]
  }

  #mask(text: string): string {
    return text.replaceAll(/[0-9a-f]{16}/g, (id) => {
      const body = this.#bodies.get(id)
      return body === undefined ? id : `<id of ${body}>`
    })
  }

  #bytesOf(on: string, text: string): Buffer {
    const filled = text.replaceAll(
      /\{(i32|id|[^:{}]):([^{}]*)\}|\\(x[0-9a-f]{2}|.)/g,
      (_all, name: string | undefined, value: string, escape: string | undefined) => {
        if (escape !== undefined) return unescape(escape)
        if (name === 'i32') return i32(Number(value))
        if (name === 'id') return this.#ids.get(`${on} ${value}`) ?? '0000000000000000'
        return name!.repeat(Number(value))
      },
    )
    return Buffer.from(filled, 'latin1')
  }
}

function framesOf(client: Client): readonly Frame[] {
  return client.frames.filter((frame) => !isHeartbeat(frame))
}

function i32(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value | 0)
  return bytes.toString('latin1')
}

function unescape(escape: string): string {
  if (escape.startsWith('x')) return String.fromCharCode(Number.parseInt(escape.slice(1), 16))
  return { n: '\n', r: '\r', t: '\t', '\\': '\\' }[escape] ?? escape
}

function show(text: string): string {
  return text.replaceAll(/[^ -~]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
