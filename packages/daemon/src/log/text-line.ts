// NSQ's log lines: `[nsqd] 2026/01/31 07:47:37.123456 INFO: TOPIC(orders): created`, local time.

import type { DestinationStream } from 'pino'

const LEVEL_NAMES: Readonly<Record<number, string>> = {
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARNING',
  50: 'ERROR',
  60: 'FATAL',
}

/** Takes pino's JSON lines and writes NSQ's. A daemon logs little enough for the second look not to matter. */
export function textDestination(prefix: string, destination: DestinationStream): DestinationStream {
  return {
    write(json: string): void {
      const record: unknown = JSON.parse(json)
      if (typeof record !== 'object' || record === null) return
      destination.write(`${textLine(prefix, { ...record })}\n`)
    },
  }
}

/** The line for one record of pino's. */
export function textLine(prefix: string, record: Readonly<Record<string, unknown>>): string {
  const { level, msg, err, stack, ...rest } = record
  const subjects: string[] = []
  const fields: string[] = []
  for (const [name, value] of Object.entries(rest)) {
    if (SUBJECTS.has(name)) subjects.push(`${name.toUpperCase()}(${show(value)})`)
    else fields.push(`${name}=${show(value)}`)
  }
  const subject = subjects.length === 0 ? '' : `${subjects.join(' ')}: `
  const extra = fields.length === 0 ? '' : ` ${fields.join(' ')}`
  const text = `${subject}${show(msg)}${errorText(err)}${extra}${stack === undefined ? '' : `\n${show(stack)}`}`
  return `${prefix}${timestamp()} ${LEVEL_NAMES[Number(level)] ?? 'INFO'}: ${printable(text)}`
}

/** Bindings that say what a line is about; they stand before the text, the others behind it. */
const SUBJECTS: ReadonlySet<string> = new Set(['topic', 'channel', 'client', 'lookupd', 'node'])

function errorText(err: unknown): string {
  if (err === undefined) return ''
  const isError = typeof err === 'object' && err !== null && 'message' in err
  return ` - ${show(isError ? err.message : err)}`
}

function show(value: unknown): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Keeps what a peer sent from forging lines or driving a terminal; further lines are indented. */
function printable(text: string): string {
  return text.replaceAll('\n', '\n\t').replace(
    // eslint-disable-next-line no-control-regex
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

let clockOffsetMs = performance.timeOrigin

/** Local time to the microsecond, from the monotonic clock as long as it agrees with the wall clock. */
function timestamp(): string {
  const elapsedMs = performance.now()
  const nowMs = Date.now()
  if (Math.abs(clockOffsetMs + elapsedMs - nowMs) > 1) clockOffsetMs = nowMs - elapsedMs
  const micros = Math.floor((clockOffsetMs + elapsedMs) * 1_000)
  const date = new Date(Math.floor(micros / 1_000))
  const day = `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())}`
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return `${day} ${time}.${String(micros % 1_000_000).padStart(6, '0')}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
