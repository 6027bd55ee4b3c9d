import type { HttpRequest } from './request.ts'
import type { HandlerResult } from './reply.ts'

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One endpoint. */
export interface Route {
  readonly method: HttpMethod
  /**
   * Such as `/ping` or `/config/:opt`. A part named with a colon arrives in `request.params`; a last part
   * `*` takes the rest of the path and arrives under that name.
   */
  readonly path: string
  /** Longest body that is read; bodies are never read for GET. */
  readonly maxBodyBytes?: number
  /** The answer to a longer one; 413 `BODY_TOO_BIG` unless given. */
  readonly bodyTooBig?: { readonly status: number; readonly message: string }
  /** Keeps its requests out of the log. */
  readonly quiet?: boolean
  /** Answers without NSQ's header, and with bare text for errors. */
  readonly plain?: boolean
  /** Looks at a request before its body is read; throws an HttpError to refuse it. */
  readonly guard?: (request: HttpRequest) => void
  readonly handle: (request: HttpRequest) => HandlerResult | Promise<HandlerResult>
}

/** What the paths of a server say about a request that no route took. Never on the way of a good one. */
export class RouteTable {
  readonly #routes: readonly { readonly method: string; readonly path: string }[]

  constructor(routes: readonly Route[]) {
    this.#routes = routes
  }

  /** The methods a path knows, OPTIONS among them, sorted; undefined for an unknown path. */
  allowed(path: string): string | undefined {
    const known = this.#routes.filter((route) => matches(route.path, path, sameText))
    if (known.length === 0) return undefined
    return [...new Set(['OPTIONS', ...known.map((route) => route.method)])].toSorted().join(', ')
  }

  /** The real path for one with a stray slash, dots or other letter case, if the method has a route there. */
  canonical(method: string, path: string): string | undefined {
    const clean = cleanPath(path)
    const route = this.#routes.find(
      (known) => known.method === method && matches(cleanPath(known.path), clean, sameLetters),
    )
    if (route === undefined) return undefined
    const given = clean.split('/')
    const real = route.path
      .split('/')
      .flatMap((part, i) =>
        part === '*' ? given.slice(i) : isNamed(part) ? (given[i] ?? '') : part,
      )
      .join('/')
    return real === path ? undefined : real
  }
}

function matches(
  pattern: string,
  path: string,
  same: (left: string, right: string) => boolean,
): boolean {
  const parts = pattern.split('/')
  const given = path.split('/')
  const takesRest = parts.at(-1) === '*'
  if (takesRest ? given.length < parts.length : given.length !== parts.length) return false
  return parts.every((part, i) =>
    isNamed(part) || part === '*' ? given[i] !== '' : same(part, given[i] ?? ''),
  )
}

function isNamed(part: string): boolean {
  return part.startsWith(':')
}

function sameText(left: string, right: string): boolean {
  return left === right
}

function sameLetters(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase()
}

// Drops empty and `.` parts, resolves `..`, and leaves no slash at the end.
function cleanPath(path: string): string {
  const kept: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') kept.pop()
    else if (part !== '' && part !== '.') kept.push(part)
  }
  return `/${kept.join('/')}`
}
