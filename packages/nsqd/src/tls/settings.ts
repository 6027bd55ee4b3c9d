import {
  createSecureContext,
  DEFAULT_CIPHERS,
  type SecureContextOptions,
  type TlsOptions,
  type TLSSocket,
} from 'node:tls'

import { StartupError } from '@tsq/daemon'

import type { NsqdOptions } from '../options.ts'
import { readCertificates, readPrivateKey } from './files.ts'
import { nodeVersion, type TlsRequired } from './options.ts'

/** nsqd itself sends secrets over nothing older, whatever its clients may speak. */
const OLDEST_ASKED = 'TLSv1.2'

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
  if (options.tlsCert === '' && options.tlsKey === '') {
    if (tlsRequiredBy(options) === 'false') return undefined
    throw new StartupError('cannot require TLS client connections without TLS key and cert')
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
  const { tlsCert, tlsKey, tlsClientAuthPolicy, tlsMinVersion } = options
  if (tlsCert === '') throw new Error('--tls-key is given without --tls-cert')
  if (tlsKey === '') throw new Error('--tls-cert is given without --tls-key')
  const isOld = tlsMinVersion === 'tls1.0' || tlsMinVersion === 'tls1.1'
  const server: TlsOptions = {
    cert: readCertificates('tls-cert', tlsCert),
    key: readPrivateKey('tls-key', tlsKey),
    ...rootsIn(options),
    minVersion: nodeVersion(tlsMinVersion),
    // Without this OpenSSL 3 allows the old versions in name only.
    ...(isOld ? { ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0` } : {}),
    requestCert: tlsClientAuthPolicy === 'require' || tlsClientAuthPolicy === 'require-verify',
    rejectUnauthorized: false,
  }
  try {
    createSecureContext(server)
  } catch (cause) {
    const why = (cause as Error).message
    throw new Error(`--tls-key=${tlsKey} is not the key of --tls-cert=${tlsCert}: ${why}`, {
      cause,
    })
  }
  return server
}

/**
 * With what nsqd verifies the auth servers and nsqlookupds that it asks over HTTPS.
 *
 * @throws {StartupError} when the roots can't be read.
 */
export function loadClientTls(options: NsqdOptions): SecureContextOptions {
  const { tlsMinVersion } = options
  return attempt('failed to build client TLS config', () => ({
    ...rootsIn(options),
    minVersion: tlsMinVersion === 'tls1.3' ? 'TLSv1.3' : OLDEST_ASKED,
  }))
}

function rootsIn({ tlsRootCaFile: file }: NsqdOptions): { ca?: Buffer } {
  return file === '' ? {} : { ca: readCertificates('tls-root-ca-file', file) }
}

function attempt<T>(what: string, run: () => T): T {
  try {
    return run()
  } catch (cause) {
    throw new StartupError(`${what} - ${(cause as Error).message}`, { cause })
  }
}
