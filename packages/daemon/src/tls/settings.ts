import {
  createSecureContext,
  DEFAULT_CIPHERS,
  type SecureContextOptions,
  type TlsOptions as NodeTlsOptions,
  type TLSSocket,
} from 'node:tls'

import { StartupError } from '../startup-error.ts'
import { readCertificates, readPrivateKey } from './files.ts'
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

function serverOptions(options: TlsOptions): NodeTlsOptions {
  const { tlsCert, tlsKey, tlsRootCaFile, tlsClientAuthPolicy, tlsMinVersion } = options
  if (tlsCert === '') throw new Error('--tls-key is given without --tls-cert')
  if (tlsKey === '') throw new Error('--tls-cert is given without --tls-key')
  const isOld = tlsMinVersion === 'tls1.0' || tlsMinVersion === 'tls1.1'
  const server: NodeTlsOptions = {
    cert: readCertificates('tls-cert', tlsCert),
    key: readPrivateKey('tls-key', tlsKey),
    ...(tlsRootCaFile === '' ? {} : { ca: readCertificates('tls-root-ca-file', tlsRootCaFile) }),
    minVersion: nodeVersion(tlsMinVersion),
    // Without this OpenSSL 3 allows the old versions in name only.
    ...(isOld ? { ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0` } : {}),
    requestCert: tlsClientAuthPolicy === 'require' || tlsClientAuthPolicy === 'require-verify',
    rejectUnauthorized: false,
  }
  checkKey(server, `--tls-key=${tlsKey}`, `--tls-cert=${tlsCert}`)
  return server
}

/** A file that a flag names; none where the name is empty. */
export interface NamedFile {
  readonly flag: string
  readonly file: string
}

/** What somebody needs who connects to others. */
export interface ClientTlsFiles {
  /** By which the server is verified; Node's own roots unless given. */
  readonly rootCa: NamedFile
  /** What the server is shown. */
  readonly cert?: NamedFile
  readonly key?: NamedFile
}

/** @throws {StartupError} that names the flag and the file, when one can't be read or doesn't work. */
export function loadClientTls({ rootCa, cert, key }: ClientTlsFiles): SecureContextOptions {
  return attempt('failed to build client TLS config', () => {
    const client = {
      ...(isGiven(rootCa) ? { ca: readCertificates(rootCa.flag, rootCa.file) } : {}),
      ...(isGiven(cert) ? { cert: readCertificates(cert.flag, cert.file) } : {}),
      ...(isGiven(key) ? { key: readPrivateKey(key.flag, key.file) } : {}),
    }
    checkKey(client, `--${key?.flag}=${key?.file}`, `--${cert?.flag}=${cert?.file}`)
    return client
  })
}

function isGiven(named: NamedFile | undefined): named is NamedFile {
  return named !== undefined && named.file !== ''
}

/** Each file is sound by itself; what is left to go wrong is that they don't belong together. */
function checkKey(context: SecureContextOptions, key: string, cert: string): void {
  try {
    createSecureContext(context)
  } catch (cause) {
    throw new Error(`${key} is not the key of ${cert}: ${(cause as Error).message}`, { cause })
  }
}

function attempt<T>(what: string, run: () => T): T {
  try {
    return run()
  } catch (cause) {
    throw new StartupError(`${what} - ${(cause as Error).message}`, { cause })
  }
}
