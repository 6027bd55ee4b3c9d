// What a client sends. command => NAME[SP param]*LF[ int32 body-size, body ]

import type { ChannelName, TopicName } from './names.ts'

function line(text: string): Buffer {
  return Buffer.from(text + '\n', 'latin1')
}

function withBody(text: string, body: Uint8Array): Buffer {
  const lineBytes = text.length + 1
  const command = Buffer.allocUnsafe(lineBytes + 4 + body.length)
  command.write(text + '\n', 0, 'latin1')
  command.writeInt32BE(body.length, lineBytes)
  command.set(body, lineBytes + 4)
  return command
}

/** IDENTIFY LF size(int32) json */
export function encodeIdentify(settings: object): Buffer {
  return withBody('IDENTIFY', Buffer.from(JSON.stringify(settings)))
}

/** AUTH LF size(int32) secret */
export function encodeAuth(secret: string): Buffer {
  return withBody('AUTH', Buffer.from(secret))
}

/** SUB topic channel LF */
export function encodeSub(topic: TopicName, channel: ChannelName): Buffer {
  return line(`SUB ${topic} ${channel}`)
}

/** PUB topic LF size(int32) body */
export function encodePub(topic: TopicName, body: Uint8Array): Buffer {
  return withBody(`PUB ${topic}`, body)
}

/** DPUB topic delay(ms) LF size(int32) body */
export function encodeDpub(topic: TopicName, delayMs: number, body: Uint8Array): Buffer {
  return withBody(`DPUB ${topic} ${delayMs}`, body)
}

/** MPUB topic LF size(int32) count(int32) (size(int32) body)* */
export function encodeMpub(topic: TopicName, bodies: readonly Uint8Array[]): Buffer {
  const text = `MPUB ${topic}\n`
  let bodyBytes = 4
  for (const body of bodies) bodyBytes += 4 + body.length
  const command = Buffer.allocUnsafe(text.length + 4 + bodyBytes)
  let at = command.write(text, 0, 'latin1')
  at = command.writeInt32BE(bodyBytes, at)
  at = command.writeInt32BE(bodies.length, at)
  for (const body of bodies) {
    at = command.writeInt32BE(body.length, at)
    command.set(body, at)
    at += body.length
  }
  return command
}

/** RDY count LF */
export function encodeRdy(count: number): Buffer {
  return line(`RDY ${count}`)
}

/** FIN id LF */
export function encodeFin(id: string): Buffer {
  return line(`FIN ${id}`)
}

/** REQ id delay(ms) LF */
export function encodeReq(id: string, delayMs: number): Buffer {
  return line(`REQ ${id} ${delayMs}`)
}

/** TOUCH id LF */
export function encodeTouch(id: string): Buffer {
  return line(`TOUCH ${id}`)
}

export function encodeCls(): Buffer {
  return line('CLS')
}

export function encodeNop(): Buffer {
  return line('NOP')
}
