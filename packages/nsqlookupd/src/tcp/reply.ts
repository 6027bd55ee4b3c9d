const LENGTH_BYTES = 4

/**
 * reply => length(int32, of the payload)  payload
 *
 * @param payload one character a byte, so that what a peer sent comes back to it unchanged.
 */
export function encodeReply(payload: string): Buffer {
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + payload.length)
  frame.writeInt32BE(payload.length, 0)
  frame.write(payload, LENGTH_BYTES, 'latin1')
  return frame
}

/** A reply with any text, as UTF-8. */
export function encodeTextReply(text: string): Buffer {
  return encodeReply(Buffer.from(text).toString('latin1'))
}

export const OK_REPLY = encodeReply('OK')
