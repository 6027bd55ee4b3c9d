import { HttpError, type HttpRequest } from '@tsq/daemon'
import { type ChannelName, parseChannelName, parseTopicName, type TopicName } from '@tsq/protocol'

/** @throws {HttpError} 400 `INVALID_TOPIC` */
export function topicIn(text: unknown): TopicName {
  const name = typeof text === 'string' ? parseTopicName(text) : undefined
  if (name === undefined) throw new HttpError(400, 'INVALID_TOPIC')
  return name
}

/** @throws {HttpError} 400 `INVALID_CHANNEL` */
export function channelIn(text: unknown): ChannelName {
  const name = typeof text === 'string' ? parseChannelName(text) : undefined
  if (name === undefined) throw new HttpError(400, 'INVALID_CHANNEL')
  return name
}

/** A name that may be left out or empty. @throws {HttpError} 400 `INVALID_CHANNEL` */
export function optionalChannelIn(text: unknown): ChannelName | undefined {
  return text === undefined || text === null || text === '' ? undefined : channelIn(text)
}

/** A whole number of the query. @throws {HttpError} 400 `INVALID_ARG_…` */
export function integerParam(
  { query }: HttpRequest,
  name: string,
  range: { readonly min: number; readonly max: number; readonly default: number },
): number {
  const text = query.get(name)
  if (text === undefined || text === '') return range.default
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= range.min && value <= range.max) return value
  throw new HttpError(400, `INVALID_ARG_${name.toUpperCase()}`)
}

/** The JSON object of a body. @throws {HttpError} 400 with the reason */
export function jsonBody(body: Buffer): Readonly<Record<string, unknown>> {
  if (body.length === 0) throw new HttpError(400, 'EOF')
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch (error) {
    throw new HttpError(400, error instanceof Error ? error.message : 'invalid JSON')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  throw new HttpError(400, 'the body is not a JSON object')
}
