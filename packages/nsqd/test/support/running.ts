// A whole nsqd in this process, on ports of the system's choosing, and a client that knows the bare protocol.

import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'

import {
  type ChannelName,
  decodeMessage,
  type DecodedMessage,
  encodeFin,
  encodeIdentify,
  encodePub,
  encodeRdy,
  encodeSub,
  FRAME_HEADER_BYTES,
  FRAME_TYPE_MESSAGE,
  frameBytesAt,
  MAGIC_V2,
  readUint32,
  type TopicName,
} from '@tsq/protocol'

import { Nsqd, type NsqdOptions } from '../../src/index.ts'
import { waitUntil } from './wait-until.ts'

/** A folder that goes with the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tsq-nsqd-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A nsqd that stops with the test. */
export async function startNsqd(t: TestContext, options: Partial<NsqdOptions> = {}): Promise<Nsqd> {
  const dataPath = options.dataPath ?? (await temporaryFolder(t))
  const nsqd = await Nsqd.start({
    tcpAddress: '127.0.0.1:0',
    httpAddress: '127.0.0.1:0',
    ...options,
    dataPath,
  })
  t.after(() => nsqd.close())
  return nsqd
}

export async function get(nsqd: Nsqd, pathAndQuery: string): Promise<string> {
  const response = await fetch(`http://${nsqd.httpAddress}${pathAndQuery}`)
  if (!response.ok) throw new Error(`${pathAndQuery} answered ${response.status}`)
  return response.text()
}

export async function post(nsqd: Nsqd, pathAndQuery: string, body = ''): Promise<number> {
  const response = await fetch(`http://${nsqd.httpAddress}${pathAndQuery}`, {
    method: 'POST',
    body,
  })
  await response.text()
  return response.status
}

/** One connection. Responses and messages gather in the order they came. */
export class WireClient {
  readonly responses: string[] = []
  readonly messages: DecodedMessage[] = []
  isClosed = false
  readonly #socket: Socket
  #held = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
    socket.on('error', () => undefined)
    socket.on('close', () => (this.isClosed = true))
    socket.write(MAGIC_V2)
  }

  static connect(t: TestContext, address: string): Promise<WireClient> {
    const colon = address.lastIndexOf(':')
    const socket = connect(Number(address.slice(colon + 1)), address.slice(0, colon))
    t.after(() => socket.destroy())
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.once('connect', () => resolve(new WireClient(socket)))
    })
  }

  /** Waits for the answer. */
  async publish(topic: string, body: string): Promise<string> {
    return this.request(encodePub(topic as TopicName, Buffer.from(body)))
  }

  async identify(fields: Record<string, unknown>): Promise<string> {
    return this.request(encodeIdentify(fields))
  }

  async subscribe(topic: string, channel: string, readyCount: number): Promise<void> {
    await this.request(encodeSub(topic as TopicName, channel as ChannelName))
    this.send(encodeRdy(readyCount))
  }

  finish(message: DecodedMessage): void {
    this.send(encodeFin(message.id))
  }

  send(command: Uint8Array | string): void {
    this.#socket.write(command)
  }

  async request(command: Uint8Array): Promise<string> {
    const before = this.responses.length
    this.send(command)
    await waitUntil(() => this.responses.length > before || this.isClosed, 'a response')
    return this.responses[before] ?? 'closed'
  }

  /** Takes so many messages off the list, waiting for them. */
  async take(count: number): Promise<DecodedMessage[]> {
    await waitUntil(() => this.messages.length >= count, `${count} messages`)
    return this.messages.splice(0, count)
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(bytes: Buffer): void {
    this.#held = Buffer.concat([this.#held, bytes])
    for (;;) {
      if (this.#held.length < FRAME_HEADER_BYTES) return
      const end = frameBytesAt(this.#held, 0)
      if (this.#held.length < end) return
      const data = this.#held.subarray(FRAME_HEADER_BYTES, end)
      const type = readUint32(this.#held, 4)
      this.#held = this.#held.subarray(end)
      if (type === FRAME_TYPE_MESSAGE) this.messages.push(decodeMessage(data))
      else this.responses.push(data.toString())
    }
  }
}
