import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
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
