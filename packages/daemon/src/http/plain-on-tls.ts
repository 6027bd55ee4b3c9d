import type { Server } from 'node:https'
import type { Socket } from 'node:net'
import { hostPort } from '../listen-address.ts'
import { rawReply } from './reply.ts'

const ANSWER = rawReply(400, '1.0', 'Client sent an HTTP request to an HTTPS server.\n')

/**
 * Tells a client that speaks plain HTTP to an HTTPS port so, in plain HTTP. TLS gives such a connection up
 * as a dead TLS socket, but the socket below still lives; it is found again by the peer's address.
 */
export function answerPlainHttp(server: Server): void {
  const sockets = new Map<string, Socket>()
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket)
    sockets.set(peer, socket)
    socket.once('close', () => sockets.delete(peer))
  })
  server.on('tlsClientError', (error: NodeJS.ErrnoException, tlsSocket) => {
    if (error.code !== 'ERR_SSL_HTTP_REQUEST') return
    const socket = sockets.get(peerOf(tlsSocket))
    if (socket?.writable === true) socket.end(ANSWER, () => socket.destroy())
  })
}

function peerOf(socket: Socket): string {
  return hostPort(socket.remoteAddress ?? '', socket.remotePort ?? 0)
}
