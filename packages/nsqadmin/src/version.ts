/** The NSQ release whose behaviour this nsqadmin has; what the page and scripts are told. */
export const NSQ_VERSION = '1.3.0'
/** What `--version` prints. */
export const VERSION_TEXT = `nsqadmin v${NSQ_VERSION} (tsq 0.1.0, node ${process.version})`
