// The options about TLS and compression, kept apart because they are many.

import { boolean, integer, text, tlsOptions as sharedTlsOptions } from '@tsq/daemon'

const LISTENING = 'Listening'
const COMPRESSION = 'Compression'

export const tlsOptions = {
  httpsAddress: text({
    flag: 'https-address',
    default: '0.0.0.0:4152',
    group: LISTENING,
    doc: 'listen here for HTTPS, when there is a certificate; empty for none',
  }),
  ...sharedTlsOptions,
  tlsRootCaFile: {
    ...sharedTlsOptions.tlsRootCaFile,
    doc: "file with the certificates, in PEM, by which clients', auth servers' and nsqlookupds' are verified; Node's own roots if empty",
  },
  deflate: boolean({
    flag: 'deflate',
    default: true,
    group: COMPRESSION,
    doc: 'allow clients to ask for deflate',
  }),
  maxDeflateLevel: integer({
    flag: 'max-deflate-level',
    default: 6,
    min: 1,
    max: 9,
    group: COMPRESSION,
    doc: 'highest level of deflate a client may ask for; higher ones take more of the processor',
  }),
  snappy: boolean({
    flag: 'snappy',
    default: true,
    group: COMPRESSION,
    doc: 'allow clients to ask for snappy',
  }),
}
