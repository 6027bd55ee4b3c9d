// Times by a strftime format, with English names. Codes not listed here are left as they are.

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const

const CODES: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getFullYear()).padStart(4, '0'),
  y: (date) => two(date.getFullYear() % 100),
  m: (date) => two(date.getMonth() + 1),
  d: (date) => two(date.getDate()),
  H: (date) => two(date.getHours()),
  I: (date) => two(date.getHours() % 12 || 12),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  B: (date) => monthName(date),
  b: (date) => monthName(date).slice(0, 3),
  A: (date) => dayName(date),
  a: (date) => dayName(date).slice(0, 3),
  Z: zoneName,
  z: zoneOffset,
  '%': () => '%',
}

/** @param date shown in local time. */
export function strftime(format: string, date: Date): string {
  return format.replace(/%([\s\S])/g, (whole, code: string) =>
    Object.hasOwn(CODES, code) ? CODES[code]!(date) : whole,
  )
}

function monthName(date: Date): string {
  return MONTHS[date.getMonth()] ?? ''
}

function dayName(date: Date): string {
  return DAYS[date.getDay()] ?? ''
}

/** Which short names there are depends on the country: CET is unknown in America, EST in Britain. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-ZA', 'en-NZ'] as const

function zoneName(date: Date): string {
  for (const locale of LOCALES) {
    const format = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' })
    const name = format.formatToParts(date).find(({ type }) => type === 'timeZoneName')?.value
    if (name !== undefined && !/^GMT[+-]/.test(name)) return name
  }
  return zoneOffset(date)
}

function zoneOffset(date: Date): string {
  const minutes = -date.getTimezoneOffset()
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
