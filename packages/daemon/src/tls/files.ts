// PEM files, each looked at by itself, so that an error can name the one that is wrong.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs

/** @throws {Error} that names the flag and the file, when it can't be read or holds anything else. */
export function readCertificates(flag: string, file: string): Buffer {
  return read(flag, file, (pem) => {
    const found = pem.toString('latin1').match(CERTIFICATE) ?? []
    if (found.length === 0) throw new Error('there is no certificate in it')
    return found.map((certificate) => new X509Certificate(certificate))
  })
}

/** @throws {Error} that names the flag and the file, when it can't be read or holds anything else. */
export function readPrivateKey(flag: string, file: string): Buffer {
  return read(flag, file, createPrivateKey)
}

function read(flag: string, file: string, check: (pem: Buffer) => unknown): Buffer {
  try {
    const pem = readFileSync(file)
    check(pem)
    return pem
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file' : message
    throw new Error(`--${flag}=${file}: ${why}`, { cause })
  }
}
