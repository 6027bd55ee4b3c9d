/**
 * Where a client says what it does. Any logger with these four methods will do: `console`, pino, winston.
 *
 * @category Consumer
 */
export interface Logger {
  debug(text: string): void
  info(text: string): void
  warn(text: string): void
  error(text: string): void
}

/** The default: says nothing. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
}
