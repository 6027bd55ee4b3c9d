import { goJson } from '../go/json.ts'
import { LOG_LEVELS } from '../log/logger.ts'
import type { Option } from '../options/option.ts'
import { HttpError } from './http-error.ts'
import { HttpReply, JSON_TYPE } from './reply.ts'

const NS_PER_MS = 1e6

/**
 * What `GET /config/:opt` answers: text as it is, all else JSON, durations in nanoseconds.
 *
 * @param numbers what Go's daemons show as a number, by the word that is configured.
 */
export function configValueReply(
  option: Option<unknown>,
  value: unknown,
  numbers: Readonly<Record<string, number>> | undefined,
): string | HttpReply {
  const number = numbers?.[option.format(value).toLowerCase()]
  if (number !== undefined) return json(String(number))
  if (option.kind === 'duration') {
    // Exact past 2^53, where a JSON number made from a double would not be.
    return json(String(BigInt(Math.round(Number(value) * NS_PER_MS))))
  }
  return typeof value === 'string' ? value : json(goJson(value))
}

/** `log_level` as a number. */
export const LOG_LEVEL_NUMBERS = Object.fromEntries(LOG_LEVELS.map((level, i) => [level, i + 1]))

/**
 * The level that a body of `PUT /config/log_level` names, in any case.
 *
 * @throws {HttpError} 400 `INVALID_VALUE`
 */
export function logLevelIn(body: Buffer): (typeof LOG_LEVELS)[number] {
  const level = LOG_LEVELS.find((known) => known === body.toString().toLowerCase())
  return level ?? refuseValue()
}

/**
 * The texts that a body of `PUT /config/…_addresses` lists; null is none.
 *
 * @throws {HttpError} 400 `INVALID_VALUE`
 */
export function addressesIn(body: Buffer, isAddress: (text: string) => boolean): readonly string[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(body.toString())
  } catch {
    return refuseValue()
  }
  const list: unknown = parsed ?? []
  if (!Array.isArray(list)) return refuseValue()
  return list.map((item: unknown) =>
    typeof item === 'string' && isAddress(item) ? item : refuseValue(),
  )
}

function json(body: string): HttpReply {
  return new HttpReply({ contentType: JSON_TYPE, body })
}

function refuseValue(): never {
  throw new HttpError(400, 'INVALID_VALUE')
}
