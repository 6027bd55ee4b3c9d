// Durations in Go's notation. Inside, a duration is a number of milliseconds, with a fraction for µs and ns.

const UNIT_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  '\u00b5s': 1_000n, // micro sign
  '\u03bcs': 1_000n, // Greek letter mu
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const MAX_NS = 2n ** 63n - 1n
const NS_PER_MS = 1e6

const PART = /([0-9]*)(?:\.([0-9]*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y

/**
 * Reads `300ms`, `1h2m3.5s`, `-1.5h`, `100µs` or a bare `0`.
 *
 * @returns milliseconds, or undefined when the text isn't a Go duration of less than about 292 years.
 */
export function parseGoDuration(text: string): number | undefined {
  const isNegative = text.startsWith('-')
  const unsigned = text.replace(/^[+-]/, '')
  if (unsigned === '0') return 0
  if (unsigned === '') return undefined

  let totalNs = 0n
  PART.lastIndex = 0
  while (PART.lastIndex < unsigned.length) {
    const match = PART.exec(unsigned)
    if (match === null) return undefined
    const [, whole = '', fraction = '', unit = ''] = match
    if (whole === '' && fraction === '') return undefined
    const unitNs = UNIT_NS[unit]
    if (unitNs === undefined) return undefined
    totalNs += BigInt(whole === '' ? '0' : whole) * unitNs
    // Digits past the nanosecond are cut, as Go cuts them; 18 are more than any unit needs.
    const digits = fraction.slice(0, 18)
    if (digits !== '') totalNs += (BigInt(digits) * unitNs) / 10n ** BigInt(digits.length)
    if (totalNs > MAX_NS) return undefined
  }
  const ms = nsToMs(totalNs)
  return isNegative && ms !== 0 ? -ms : ms
}

/** Writes milliseconds as Go prints a duration: `1m0s`, `250ms`, `39.98µs`, `0s`. */
export function formatGoDuration(ms: number): string {
  if (!Number.isFinite(ms)) return String(ms)
  const sign = ms < 0 ? '-' : ''
  const ns = msToNs(Math.abs(ms))
  if (ns === 0n) return '0s'
  if (ns < 1_000n) return `${sign}${ns}ns`
  if (ns < 1_000_000n) return `${sign}${decimal(ns, 1_000n)}µs`
  if (ns < 1_000_000_000n) return `${sign}${decimal(ns, 1_000_000n)}ms`

  const minutes = ns / 60_000_000_000n
  const seconds = `${decimal(ns % 60_000_000_000n, 1_000_000_000n)}s`
  if (minutes === 0n) return `${sign}${seconds}`
  if (minutes < 60n) return `${sign}${minutes}m${seconds}`
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`
}

// The whole and the fractional part are converted apart, so that long durations keep their nanoseconds.
function msToNs(ms: number): bigint {
  const whole = Math.floor(ms)
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * NS_PER_MS))
}

function nsToMs(ns: bigint): number {
  return Number(ns / 1_000_000n) + Number(ns % 1_000_000n) / NS_PER_MS
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = value % unit
  if (fraction === 0n) return String(value / unit)
  const digits = String(unit).length - 1
  return `${value / unit}.${String(fraction).padStart(digits, '0').replace(/0+$/, '')}`
}
