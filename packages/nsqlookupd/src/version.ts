/** The NSQ release whose behaviour this nsqlookupd has; what peers and tools are told. */
export const NSQ_VERSION = '1.3.0'
/** What `--version` prints. */
export const VERSION_TEXT = `nsqlookupd v${NSQ_VERSION} (tsq 0.1.0, node ${process.version})`
