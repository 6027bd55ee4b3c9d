import { readFileSync } from 'node:fs'
import { createSecureContext, DEFAULT_CIPHERS, type TlsOptions, type TLSSocket } from 'node:tls'

import { StartupError } from '@tsq/daemon'

import type { NsqdOptions } from '../options.ts'
import { nodeVersion, type TlsRequired } from './options.ts'

/** TLS as nsqd speaks it, to clients and over HTTPS alike. */
export interface TlsSettings {
  /** For a server of Node's. Certificates of clients are asked for but not judged: see `clientProblem`. */
  readonly server: TlsOptions
  /** Why a client, its handshake done, is not let in; undefined where it is. */
  clientProblem(socket: TLSSocket): string | undefined
}

/** Any policy about client certificates, even an unknown one, is a wish for TLS. */
export function tlsRequiredBy(options: NsqdOptions): TlsRequired {
  const { tlsRequired, tlsClientAuthPolicy } = options
  return tlsRequired === 'false' && tlsClientAuthPolicy !== '' ? 'true' : tlsRequired
}

/**
 * Reads the certificate. Undefined where there is none.
 *
 * @throws {StartupError} when it can't be read or doesn't work, or when TLS is required without one.
 */
export function loadTls(options: NsqdOptions): TlsSettings | undefined {
  const { tlsCert, tlsKey, tlsRootCaFile } = options
  if (tlsCert === '' && tlsKey === '') {
    if (tlsRequiredBy(options) !== 'false') {
      throw new StartupError('cannot require TLS client connections without TLS key and cert')
    }
    if (tlsRootCaFile !== '') {
      attempt('failed to build client TLS config', () =>
        createSecureContext({ ca: readFileSync(tlsRootCaFile) }),
      )
    }
    return undefined
  }
  const server = attempt('failed to build TLS config', () => serverOptions(options))
  const policy = options.tlsClientAuthPolicy
  return {
    server,
    clientProblem(socket) {
      if (policy !== 'require' && policy !== 'require-verify') return undefined
      // A certificate from a resumed session counts too.
      if (Object.keys(socket.getPeerCertificate()).length === 0) {
        return "tls: client didn't provide a certificate"
      }
      if (policy === 'require' || socket.authorized) return undefined
      return `tls: failed to verify client certificate: ${String(socket.authorizationError)}`
    },
  }
}

function serverOptions(options: NsqdOptions): TlsOptions {
  const { tlsCert, tlsKey, tlsRootCaFile, tlsClientAuthPolicy, tlsMinVersion } = options
  if (tlsCert === '') throw new Error('--tls-key is given without --tls-cert')
  if (tlsKey === '') throw new Error('--tls-cert is given without --tls-key')
  const isOld = tlsMinVersion === 'tls1.0' || tlsMinVersion === 'tls1.1'
  const server: TlsOptions = {
    cert: readFileSync(tlsCert),
    key: readFileSync(tlsKey),
    ...(tlsRootCaFile === '' ? {} : { ca: readFileSync(tlsRootCaFile) }),
    minVersion: nodeVersion(tlsMinVersion),
    // Without this OpenSSL 3 allows the old versions in name only.
    ...(isOld ? { ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0` } : {}),
    requestCert: tlsClientAuthPolicy === 'require' || tlsClientAuthPolicy === 'require-verify',
    rejectUnauthorized: false,
  }
  createSecureContext(server)
  return server
}

function attempt<T>(what: string, run: () => T): T {
  try {
    return run()
  } catch (cause) {
    throw new StartupError(`${what} - ${(cause as Error).message}`, { cause })
  }
}
