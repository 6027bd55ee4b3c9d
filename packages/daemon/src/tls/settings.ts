import { readFileSync } from 'node:fs'
import {
  createSecureContext,
  DEFAULT_CIPHERS,
  type SecureContextOptions,
  type TlsOptions as NodeTlsOptions,
  type TLSSocket,
} from 'node:tls'

import { StartupError } from '../startup-error.ts'
import { nodeVersion, type TlsOptions, type TlsRequired } from './options.ts'

/** TLS as a daemon speaks it to those who connect, over TCP and HTTPS alike. */
export interface TlsSettings {
  /** For a server of Node's. Certificates of clients are asked for but not judged: see `clientProblem`. */
  readonly server: NodeTlsOptions
  /** Why a client, its handshake done, is not let in; undefined where it is. */
  clientProblem(socket: TLSSocket): string | undefined
}

/** Any policy about client certificates, even an unknown one, is a wish for TLS. */
export function tlsRequiredBy(options: TlsOptions): TlsRequired {
  const { tlsRequired, tlsClientAuthPolicy } = options
  return tlsRequired === 'false' && tlsClientAuthPolicy !== '' ? 'true' : tlsRequired
}

/**
 * Reads the certificate. Undefined where there is none.
 *
 * @throws {StartupError} when it can't be read or doesn't work, or when TLS is required without one.
 */
export function loadTls(options: TlsOptions): TlsSettings | undefined {
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

function serverOptions(options: TlsOptions): NodeTlsOptions {
  const { tlsCert, tlsKey, tlsRootCaFile, tlsClientAuthPolicy, tlsMinVersion } = options
  if (tlsCert === '') throw new Error('--tls-key is given without --tls-cert')
  if (tlsKey === '') throw new Error('--tls-cert is given without --tls-key')
  const isOld = tlsMinVersion === 'tls1.0' || tlsMinVersion === 'tls1.1'
  const server: NodeTlsOptions = {
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

/** Files of somebody who connects to others. Empty names are left out. */
export interface ClientTlsFiles {
  /** By which the server is verified; Node's own roots if empty. */
  readonly rootCaFile: string
  /** What the server is shown. */
  readonly cert: string
  readonly key: string
}

/** @throws {StartupError} when a file can't be read or doesn't work. */
export function loadClientTls({ rootCaFile, cert, key }: ClientTlsFiles): SecureContextOptions {
  return attempt('failed to build client TLS config', () => {
    const client = {
      ...(rootCaFile === '' ? {} : { ca: readFileSync(rootCaFile) }),
      ...(cert === '' ? {} : { cert: readFileSync(cert) }),
      ...(key === '' ? {} : { key: readFileSync(key) }),
    }
    createSecureContext(client)
    return client
  })
}

function attempt<T>(what: string, run: () => T): T {
  try {
    return run()
  } catch (cause) {
    throw new StartupError(`${what} - ${(cause as Error).message}`, { cause })
  }
}
