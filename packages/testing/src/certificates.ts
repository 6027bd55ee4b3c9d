// Certificates made when the tests run, by the openssl command.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Paths of PEM files. */
export interface Certificates {
  /** For 127.0.0.1, signed by `ca`. */
  readonly cert: string
  readonly key: string
  readonly ca: string
  /** A client's, signed by `ca`. */
  readonly clientCert: string
  readonly clientKey: string
  /** A client's that signed itself. */
  readonly strangerCert: string
  readonly strangerKey: string
}

/** Says why tests with certificates are skipped, or false. */
export function whyNoCertificates(): string | false {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return false
  } catch {
    return "the openssl command isn't on this machine"
  }
}

/** A new folder with certificates; removed when the process ends. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(path.join(tmpdir(), 'tsq-certificates-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const at = (name: string): string => path.join(folder, name)
  const openssl = (...words: string[]): void => {
    execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' })
  }
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const selfSigned = (name: string): void => {
    const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`]
    openssl('req', '-x509', ...newKey, '-days', '2', ...files)
  }
  const signed = (name: string): void => {
    const files = ['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`]
    openssl('req', ...newKey, ...files)
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2']
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-extfile', 'san', '-out', `${name}.pem`)
  }
  writeFileSync(at('san'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
  selfSigned('ca')
  selfSigned('stranger')
  signed('server')
  signed('client')
  return {
    cert: at('server.pem'),
    key: at('server.key'),
    ca: at('ca.pem'),
    clientCert: at('client.pem'),
    clientKey: at('client.key'),
    strangerCert: at('stranger.pem'),
    strangerKey: at('stranger.key'),
  }
}
