// The one place that talks to the server.

import type { ApiError } from '../../../src/api.ts'
import { basePath } from './base-path.ts'

const TIMEOUT_MS = 20_000

/** The server said no, or could not be asked; `status` is 0 then. `message` is for people. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

let csrfToken = ''

/** Sent with every request that changes something. It comes with the session. */
export function setCsrfToken(token: string): void {
  csrfToken = token
}

export function apiUrl(
  path: string,
  params: Readonly<Record<string, string | undefined>> = {},
): string {
  const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== '')
  const search = new URLSearchParams(given as [string, string][]).toString()
  return `${basePath}/api${path}${search === '' ? '' : `?${search}`}`
}

async function request<Answer>(method: string, url: string, body?: unknown): Promise<Answer> {
  const isWrite = method !== 'GET'
  const response = await answerOf(url, {
    method,
    headers: {
      accept: 'application/json',
      ...(isWrite && { 'x-csrf-token': csrfToken }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const text = await response.text()
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch (error) {
    if (response.ok) {
      throw new ApiFailure(response.status, `ERROR: failed to decode JSON - ${String(error)}`)
    }
    throw new ApiFailure(response.status, `${response.status} ${response.statusText}`)
  }
  if (response.ok) return answer as Answer
  const { message = response.statusText } = answer as Partial<ApiError>
  throw new ApiFailure(response.status, message)
}

/** Why the server refused a stream; browsers keep that from those who listen to events. */
export async function refusalOf(url: string): Promise<string> {
  const cancel = new AbortController()
  try {
    const response = await answerOf(url, { signal: cancel.signal })
    if (response.ok) return 'The connection was lost.'
    const { message = response.statusText } = (await response.json()) as Partial<ApiError>
    return message
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    cancel.abort()
  }
}

async function answerOf(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch {
    throw new ApiFailure(0, 'ERROR: failed to connect to nsqadmin')
  }
}

export function get<Answer>(
  path: string,
  params?: Readonly<Record<string, string | undefined>>,
): Promise<Answer> {
  return request('GET', apiUrl(path, params))
}

export function post<Answer>(path: string, body: unknown): Promise<Answer> {
  return request('POST', apiUrl(path), body)
}

export function remove<Answer>(path: string, body?: unknown): Promise<Answer> {
  return request('DELETE', apiUrl(path), body)
}
