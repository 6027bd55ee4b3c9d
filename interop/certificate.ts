import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ToolMissingError } from './build.ts'

/** PEM files for 127.0.0.1, which nsqjs takes for localhost; the certificate is its own root. */
export interface Certificate {
  readonly cert: string
  readonly key: string
  remove(): Promise<void>
}

export async function makeCertificate(): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'tsq-interop-tls-'))
  const cert = join(folder, 'cert.pem')
  const key = join(folder, 'key.pem')
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  const kind = ['-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1']
  const files = [
    '-keyout',
    key,
    '-out',
    cert,
    '-addext',
    'subjectAltName=IP:127.0.0.1,DNS:localhost',
  ]
  try {
    await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...files])
  } catch (cause) {
    await remove()
    throw new ToolMissingError("`openssl` isn't on this machine.", { cause })
  }
  return { cert, key, remove }
}

/** Paths of PEM files. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** An authority of its own, and what it signed. */
export interface Authority extends AsyncDisposable {
  /** Path of its PEM file. */
  readonly root: string
  /** For 127.0.0.1. */
  readonly server: KeyPair
  readonly client: KeyPair
  /** A client's, signed by nobody else. */
  readonly stranger: KeyPair
}

export async function makeAuthority(): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), 'tsq-interop-authority-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  const pair = (name: string): KeyPair => ({
    cert: join(folder, `${name}.pem`),
    key: join(folder, `${name}.key`),
  })
  const openssl = (...words: string[]): Promise<unknown> =>
    promisify(execFile)('openssl', words, { cwd: folder })
  const selfSigned = (name: string): Promise<unknown> =>
    openssl('req', '-x509', ...freshKey(name), '-days', '2', '-out', `${name}.pem`)
  const signed = async (name: string): Promise<void> => {
    await openssl('req', ...freshKey(name), '-out', `${name}.csr`)
    const by = ['-CA', 'root.pem', '-CAkey', 'root.key', '-CAcreateserial', '-days', '2']
    const files = ['-extfile', 'names', '-out', `${name}.pem`]
    await openssl('x509', '-req', '-in', `${name}.csr`, ...by, ...files)
  }
  try {
    await writeFile(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
    await selfSigned('root')
    await selfSigned('stranger')
    await signed('server')
    await signed('client')
  } catch (cause) {
    await remove()
    throw new ToolMissingError("`openssl` isn't on this machine.", { cause })
  }
  return {
    root: pair('root').cert,
    server: pair('server'),
    client: pair('client'),
    stranger: pair('stranger'),
    [Symbol.asyncDispose]: remove,
  }
}

function freshKey(name: string): string[] {
  return ['-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-keyout', `${name}.key`]
}
