import { TLSSocket } from 'node:tls'

import { HttpReply } from '../http/reply.ts'
import type { HttpRequest } from '../http/request.ts'

import type { TlsSettings } from './settings.ts'

type Gate = (request: HttpRequest) => HttpReply | undefined

/** Sends everybody away from plain HTTP. NSQ's tools read the port and come again over HTTPS. */
export function plainHttpGate(httpsPort: () => number): Gate {
  return () => refusal(`{"message": "TLS_REQUIRED", "https_port": ${httpsPort()}}`)
}

/** Answers clients whose certificate will not do. */
export function clientCertificateGate(tls: TlsSettings): Gate {
  return ({ raw }) => {
    const { socket } = raw
    const problem = socket instanceof TLSSocket ? tls.clientProblem(socket) : 'tls: missing'
    return problem === undefined ? undefined : refusal(JSON.stringify({ message: problem }))
  }
}

function refusal(body: string): HttpReply {
  return new HttpReply({ status: 403, contentType: 'application/json; charset=utf-8', body })
}
