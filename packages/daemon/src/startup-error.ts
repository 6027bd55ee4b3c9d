/**
 * A daemon can't be started with these settings or on this machine: the operator's to mend, no stack trace
 * needed. `runDaemon` prints it as `failed to instantiate <program> - <message>` and exits 1.
 */
export class StartupError extends Error {
  override readonly name: string = 'StartupError'
  readonly code: string = 'ERR_STARTUP'
}
