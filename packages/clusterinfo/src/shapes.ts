// Reads what somebody else answered: every field is checked before anything is made of it.

export type Json = Readonly<Record<string, unknown>>

/** An answer that isn't what its sender should send. The message says where and what. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
  readonly code = 'ERR_SHAPE'
}

/** Longest text that is taken; longer ones are cut, they are for people to read. */
const MAX_TEXT_LENGTH = 1_024

/** @throws {ShapeError} */
export function objectIn(value: unknown, what: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw new ShapeError(`${what} is not an object`)
}

/**
 * A list; Go writes null for an empty one.
 *
 * @throws {ShapeError}
 */
export function listIn(object: Json, name: string): readonly unknown[] {
  const value = object[name]
  if (Array.isArray(value)) return value as readonly unknown[]
  if (value === null || value === undefined) return []
  throw new ShapeError(`${name} is not a list`)
}

/** A list of texts, each of them cut. @throws {ShapeError} */
export function textsIn(object: Json, name: string): string[] {
  return listIn(object, name).map((value) => {
    if (typeof value === 'string') return cut(value)
    throw new ShapeError(`${name} holds something that is not text`)
  })
}

/** Text, empty where it is absent. @throws {ShapeError} */
export function textIn(object: Json, name: string): string {
  const value = object[name]
  if (typeof value === 'string') return cut(value)
  if (value === null || value === undefined) return ''
  throw new ShapeError(`${name} is not text`)
}

/** A number, 0 where it is absent. @throws {ShapeError} */
export function numberIn(object: Json, name: string): number {
  const value = object[name]
  if (typeof value === 'number') return value
  if (value === null || value === undefined) return 0
  throw new ShapeError(`${name} is not a number`)
}

/** A yes or no, no where it is absent. @throws {ShapeError} */
export function flagIn(object: Json, name: string): boolean {
  const value = object[name]
  if (typeof value === 'boolean') return value
  if (value === null || value === undefined) return false
  throw new ShapeError(`${name} is neither true nor false`)
}

function cut(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? text.slice(0, MAX_TEXT_LENGTH) : text
}
