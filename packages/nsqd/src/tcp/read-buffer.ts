// Hot: every byte that comes in is read into the one buffer here.
//
// By default Node allocates 64 KiB for each read of a socket. A broker that reads a gigabyte a second then spends more
// time on touching fresh memory and collecting it than on parsing. Sessions copy what they keep, so all of them can share
// one buffer that stays in the processor's cache, and a read brings up to four times as much.
//
// Node offers this (`onread`) for the sockets that it makes, not for those that a server accepts; hence the adoption below.
// Where a Node version does not have the parts it needs, connections are read in the ordinary way.

import { Socket, type Server } from 'node:net'

const READ_BUFFER_BYTES = 256 * 1024

const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)

/** What a server's connection is made of, as far as it must be known to read it into a buffer of our own. */
interface SocketParts {
  _handle?: { useUserBuffer?: unknown } | null
  _server?: Server | null
  server?: Server | null
}

interface AdoptingOptions {
  readonly handle: object
  readonly allowHalfOpen: boolean
  readonly onread: { readonly buffer: Buffer; callback(bytes: number): boolean }
}

const AdoptingSocket = Socket as unknown as new (options: AdoptingOptions) => Socket

/**
 * Begins to read a connection that was accepted paused. `onBytes` gets what came in, borrowed for the call.
 * Returns the socket to use from now on.
 */
export function startReading(accepted: Socket, onBytes: (bytes: Buffer) => void): Socket {
  const parts = accepted as unknown as SocketParts
  const handle = parts._handle
  if (typeof handle?.useUserBuffer !== 'function') {
    accepted.on('data', onBytes)
    return accepted
  }
  const server = parts._server ?? null
  parts._handle = null
  parts._server = null
  const socket = new AdoptingSocket({
    handle,
    allowHalfOpen: true,
    onread: {
      buffer: readBuffer,
      callback: (bytes) => {
        onBytes(readBuffer.subarray(0, bytes))
        return true
      },
    },
  })
  // The server counts its connections down by this.
  const adopted = socket as unknown as SocketParts
  adopted._server = server
  adopted.server = server
  return socket
}
