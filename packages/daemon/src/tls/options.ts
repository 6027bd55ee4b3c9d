// The options of a daemon that speaks TLS to those who connect to it.

import { parseGoBoolean } from '../go/scalars.ts'
import { custom, text } from '../options/kinds.ts'
import { OptionValueError } from '../options/option.ts'
import type { OptionsOf } from '../options/table.ts'

const TLS = 'TLS'

/** Who must use TLS: nobody, clients over TCP, or these and everybody over HTTP. */
export type TlsRequired = 'false' | 'tcp-https' | 'true'

const VERSIONS = {
  'tls1.0': 'TLSv1',
  'tls1.1': 'TLSv1.1',
  'tls1.2': 'TLSv1.2',
  'tls1.3': 'TLSv1.3',
} as const

/** NSQ's name of a version of TLS. */
export type TlsVersion = keyof typeof VERSIONS

/** Node's name of a version of TLS. */
export function nodeVersion(version: TlsVersion): (typeof VERSIONS)[TlsVersion] {
  return VERSIONS[version]
}

function isVersion(value: unknown): value is TlsVersion {
  return typeof value === 'string' && Object.hasOwn(VERSIONS, value)
}

function readVersion(word: string): TlsVersion {
  if (word === '') return 'tls1.0'
  const version = word.toLowerCase()
  if (isVersion(version)) return version
  throw new OptionValueError(`must be ${Object.keys(VERSIONS).join(', ')}`)
}

function isRequired(value: unknown): value is TlsRequired {
  return value === 'false' || value === 'tcp-https' || value === 'true'
}

function readRequired(word: string): TlsRequired {
  if (word.toLowerCase() === 'tcp-https') return 'tcp-https'
  const isYes = parseGoBoolean(word)
  if (isYes === undefined) throw new OptionValueError('must be true, false or tcp-https')
  return isYes ? 'true' : 'false'
}

/** Rows for the table of a daemon, named as nsqd names them. */
export const tlsOptions = {
  tlsCert: text({
    flag: 'tls-cert',
    default: '',
    group: TLS,
    doc: 'file with the certificate, and those between it and its root, in PEM',
  }),
  tlsKey: text({
    flag: 'tls-key',
    default: '',
    group: TLS,
    doc: "file with the certificate's private key, in PEM",
  }),
  tlsRootCaFile: text({
    flag: 'tls-root-ca-file',
    default: '',
    group: TLS,
    doc: "file with the certificates, in PEM, by which clients' are verified; Node's own roots if empty",
  }),
  tlsClientAuthPolicy: text({
    flag: 'tls-client-auth-policy',
    default: '',
    group: TLS,
    doc: "whether clients need a certificate: 'require' one, 'require-verify' it. Makes TLS required too",
  }),
  tlsRequired: custom<TlsRequired>({
    flag: 'tls-required',
    default: 'false',
    isBooleanFlag: true,
    group: TLS,
    doc: "refuse clients without TLS; 'tcp-https' still allows plain HTTP",
    parse: readRequired,
    format: (value) => value,
    accepts: isRequired,
  }),
  tlsMinVersion: custom<TlsVersion>({
    flag: 'tls-min-version',
    default: 'tls1.0',
    typeName: Object.keys(VERSIONS).join('|'),
    group: TLS,
    doc: 'oldest version of TLS that is spoken; 1.0 and 1.1 are no longer safe',
    parse: readVersion,
    format: (value) => value,
    accepts: isVersion,
  }),
}

export type TlsOptions = OptionsOf<typeof tlsOptions>
