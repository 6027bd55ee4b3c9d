// Numbers and times as people read them. Durations come in nanoseconds, as everywhere in NSQ.

const counts = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })

/** `1,234,567` */
export function formatCount(value: number): string {
  return counts.format(value)
}

/** `1.2M`: where there is room for a few characters only. */
export function formatCompact(value: number): string {
  return compact.format(value)
}

/** A rate per second with as many digits as help: `0`, `0.25`, `12.5`, `4,210`. */
export function formatRate(perSecond: number): string {
  if (perSecond <= 0) return '0'
  if (perSecond < 0.01) return '<0.01'
  if (perSecond < 10) return trimmed(perSecond, 2)
  if (perSecond < 100) return trimmed(perSecond, 1)
  return formatCount(perSecond)
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}

const MICROSECOND = 1e3
const MILLISECOND = 1e6
const SECOND = 1e9

/** `0ns`, `12us`, `1.5ms`, `3.25s`, `9m15.65s`, `2h5m`, `3d4h` */
export function formatDuration(nanoseconds: number): string {
  if (nanoseconds < MICROSECOND) return `${Math.round(nanoseconds)}ns`
  if (nanoseconds < MILLISECOND) return `${trimmed(nanoseconds / MICROSECOND, 2)}us`
  if (nanoseconds < SECOND) return `${trimmed(nanoseconds / MILLISECOND, 2)}ms`
  // Rounded before it is split, so that 59.999 s does not read "60s" of a minute.
  const seconds = Number((nanoseconds / SECOND).toFixed(2))
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m${trimmed(seconds % 60, 2)}s`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours}h${minutes % 60}m`
  return `${Math.floor(hours / 24)}d${hours % 24}h`
}

/** How long ago, or until, without more precision than a glance needs: `now`, `12s`, `5m`, `3h`, `2d`. */
export function formatSpan(milliseconds: number): string {
  const seconds = Math.round(Math.abs(milliseconds) / 1000)
  if (seconds < 1) return 'now'
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}

/** `512 B`, `1.5 KiB`, `2 MiB` */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${trimmed(value, value < 10 ? 1 : 0)} ${units[unit]}`
}

/** The number before `th` in the head of a percentile column: `99`, `99.9`. */
export function percentile(quantile: number): string {
  return trimmed(quantile * 100, 3)
}

/** Nanoseconds since 1970 as text, because a number can't hold them, to milliseconds since 1970. */
export function millisecondsOf(timestampNs: string): number {
  return /^\d+$/.test(timestampNs) ? Number(BigInt(timestampNs) / 1_000_000n) : 0
}

function two(part: number): string {
  return String(part).padStart(2, '0')
}

/** `14:03:09.120`, in the zone of whoever looks. */
export function formatClock(milliseconds: number): string {
  const time = new Date(milliseconds)
  const millis = String(time.getMilliseconds()).padStart(3, '0')
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${millis}`
}

/** `2026-11-22 14:03:09` */
export function formatDate(milliseconds: number): string {
  const time = new Date(milliseconds)
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  return `${day} ${formatClock(milliseconds).slice(0, 8)}`
}

/** `1 node`, `3 nodes` */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}
