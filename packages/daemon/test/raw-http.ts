// Requests as bytes, for what fetch would tidy up.

import { connect } from 'node:net'
import type { HttpServer } from '../src/index.ts'

export interface RawAnswer {
  readonly status: number
  /** Header names as they stand on the wire. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  readonly text: string
}

/** Sends bytes and collects what comes until the server closes. */
export function exchange(server: HttpServer, bytes: string | Uint8Array): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(parseAnswer(text)))
    socket.write(bytes)
  })
}

/** One request without a body, on a connection of its own. */
export function ask(server: HttpServer, line: string, headers = ''): Promise<RawAnswer> {
  return exchange(server, `${line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`)
}

function parseAnswer(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(': ')
      return [line.slice(0, colon), line.slice(colon + 2)] as const
    }),
  )
  return { status: Number(statusLine.split(' ')[1]), headers, body: rest.join('\r\n\r\n'), text }
}
