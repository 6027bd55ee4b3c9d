import type { SecureContextOptions } from 'node:tls'

import { loadClientTls } from '@tsq/daemon'

import type { NsqdOptions } from '../options.ts'

/** nsqd itself sends secrets over nothing older, whatever its clients may speak. */
const OLDEST_ASKED = 'TLSv1.2'

/**
 * With what nsqd verifies the auth servers and nsqlookupds that it asks over HTTPS.
 *
 * @throws {StartupError} when the roots can't be read.
 */
export function loadAskingTls({ tlsRootCaFile, tlsMinVersion }: NsqdOptions): SecureContextOptions {
  return {
    ...loadClientTls({ rootCa: { flag: 'tls-root-ca-file', file: tlsRootCaFile } }),
    minVersion: tlsMinVersion === 'tls1.3' ? 'TLSv1.3' : OLDEST_ASKED,
  }
}
