import { VERSION } from '@tsq/client'

/** The NSQ release whose behaviour the tools have; what peers are told and `--version` prints. */
export const NSQ_VERSION = '1.3.0'

/** What `--version` prints. */
export function versionText(program: string): string {
  return `${program} v${NSQ_VERSION}`
}

/** What nsqd and nsqadmin show as the software of a connection. */
export function userAgent(program: string): string {
  return `${program}/${NSQ_VERSION} tsq-client/${VERSION}`
}
