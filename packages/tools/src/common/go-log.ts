// Lines as Go's log package writes them: `2026/01/31 07:47:37 TEXT`, local time, on standard error.

import type { Logger } from '@tsq/client'

/** Takes away a status line that stands where the next line belongs. */
const CLEAR_LINE = '\r\u001B[K'

/** One line of the program itself. */
export function logLine(text: string): void {
  const { stderr } = process
  const start = stderr.isTTY ? CLEAR_LINE : ''
  stderr.write(`${start}${goTimestamp(new Date())} ${oneLine(text)}\n`)
}

export function goTimestamp(date: Date): string {
  const day = `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

let instances = 0

/**
 * Where a consumer or producer says what it does: `… INF    1 [topic/channel] subscribed at host:4150`. The number
 * tells the consumers and producers of one process apart. What is only for debugging is left out.
 *
 * @param subject `topic/channel` of a consumer; a producer has none.
 */
export function libraryLogger(subject?: string): Logger {
  instances += 1
  const instance = String(instances).padStart(3)
  const about = subject === undefined ? '' : ` [${subject}]`
  const write = (level: string, text: string): void =>
    logLine(`${level.padEnd(4)} ${instance}${about} ${text}`)
  return {
    debug: () => {},
    info: (text) => write('INF', text),
    warn: (text) => write('WRN', text),
    error: (text) => write('ERR', text),
  }
}

/** Keeps what a peer sent from forging lines or driving a terminal. */
function oneLine(text: string): string {
  return text.replace(
    // eslint-disable-next-line no-control-regex
    /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
