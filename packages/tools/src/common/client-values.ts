// How go-nsq reads the value of a client option, and what it says of one it can't read.

import { OptionValueError, parseGoBoolean, parseGoDuration, parseGoFloat } from '@tsq/daemon'

type Given = string | true

/** @throws {OptionValueError} always. */
export function refuse(name: string, value: Given, reason: string): never {
  throw new OptionValueError(`failed to coerce option ${name} (${value}) - ${reason}`)
}

export function parseBoolean(name: string, value: Given): boolean {
  if (value === true) return true
  return parseGoBoolean(value) ?? refuse(name, value, syntax('ParseBool', value))
}

/** Decimal only. */
export function parseInteger(name: string, value: Given): number {
  if (value === true) return refuse(name, value, 'invalid value type')
  if (!/^[+-]?\d+$/.test(value)) return refuse(name, value, syntax('ParseInt', value))
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  return refuse(
    name,
    value,
    `strconv.ParseInt: parsing ${JSON.stringify(value)}: value out of range`,
  )
}

export function parseFloat(name: string, value: Given): number {
  if (value === true) return refuse(name, value, 'invalid value type')
  const number = parseGoFloat(value)
  return typeof number === 'number' ? number : refuse(name, value, syntax('ParseFloat', value))
}

/** Milliseconds. A unit is needed. */
export function parseDuration(name: string, value: Given): number {
  if (value === true) return refuse(name, value, 'invalid value type')
  return parseGoDuration(value) ?? refuse(name, value, durationProblem(value))
}

function syntax(parser: string, value: string): string {
  return `strconv.${parser}: parsing ${JSON.stringify(value)}: invalid syntax`
}

function durationProblem(value: string): string {
  const quoted = JSON.stringify(value)
  const parts = /^[+-]?(?:[\d.]+(?:ns|us|µs|ms|s|m|h))*[\d.]*\d\.?([^\d.]*)/.exec(value)
  const unit = parts?.[1]
  if (unit === undefined) return `time: invalid duration ${quoted}`
  if (unit === '') return `time: missing unit in duration ${quoted}`
  return `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`
}
