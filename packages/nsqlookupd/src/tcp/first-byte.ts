const TLS_HANDSHAKE = 22

/** Whether this is how a TLS client begins; the magic of V1 begins with a space. */
export function beginsTls(bytes: Uint8Array): boolean {
  return bytes[0] === TLS_HANDSHAKE
}
