import type { SecureContextOptions } from 'node:tls'

import { boolean, isHostPort, loadClientTls, text, textList } from '@tsq/daemon'

const DISCOVERY = 'Discovery'

/** How nsqd talks to nsqlookupd. */
export const lookupOptions = {
  nsqlookupdTcpAddresses: textList({
    flag: 'lookupd-tcp-address',
    key: 'nsqlookupd_tcp_addresses',
    group: DISCOVERY,
    check: (addresses) => {
      const bad = addresses.find((address) => !isHostPort(address))
      return bad === undefined ? undefined : `must be host:port, not ${JSON.stringify(bad)}`
    },
    doc: 'announce topics and channels to the nsqlookupd at this host:port; a name stands for all its addresses',
  }),
  lookupdTls: boolean({
    flag: 'lookupd-tls',
    default: false,
    group: DISCOVERY,
    doc: 'talk to nsqlookupd with TLS, over TCP and, where it has HTTPS, over HTTP',
  }),
  lookupdTlsRootCaFile: text({
    flag: 'lookupd-tls-root-ca-file',
    default: '',
    group: DISCOVERY,
    doc: "file with the certificates, in PEM, by which nsqlookupd's are verified; Node's own roots if empty",
  }),
  lookupdTlsCert: text({
    flag: 'lookupd-tls-cert',
    default: '',
    group: DISCOVERY,
    doc: 'file with the certificate, in PEM, that nsqlookupd is shown',
  }),
  lookupdTlsKey: text({
    flag: 'lookupd-tls-key',
    default: '',
    group: DISCOVERY,
    doc: "file with that certificate's private key, in PEM",
  }),
}

interface LookupTlsOptions {
  readonly lookupdTls: boolean
  readonly lookupdTlsRootCaFile: string
  readonly lookupdTlsCert: string
  readonly lookupdTlsKey: string
}

/** Rules across these options; each problem is a sentence. */
export function lookupRules(options: LookupTlsOptions): string[] {
  const { lookupdTls, lookupdTlsRootCaFile, lookupdTlsCert, lookupdTlsKey } = options
  const problems: string[] = []
  const hasFiles = [lookupdTlsRootCaFile, lookupdTlsCert, lookupdTlsKey].some((file) => file !== '')
  if (!lookupdTls && hasFiles)
    problems.push('--lookupd-tls-… files are given without --lookupd-tls')
  if ((lookupdTlsCert === '') !== (lookupdTlsKey === '')) {
    problems.push('--lookupd-tls-cert and --lookupd-tls-key must be given together')
  }
  return problems
}

/**
 * What nsqd verifies nsqlookupd with, and shows it. Undefined where it talks plainly.
 *
 * @throws {StartupError} when a file can't be read or doesn't work.
 */
export function loadLookupTls(options: LookupTlsOptions): SecureContextOptions | undefined {
  if (!options.lookupdTls) return undefined
  return loadClientTls({
    rootCa: { flag: 'lookupd-tls-root-ca-file', file: options.lookupdTlsRootCaFile },
    cert: { flag: 'lookupd-tls-cert', file: options.lookupdTlsCert },
    key: { flag: 'lookupd-tls-key', file: options.lookupdTlsKey },
  })
}
