// The page's addresses: read and written here only, and always encoded, because names hold # and hosts hold anything.

export type Route =
  | { readonly page: 'overview' | 'topics' | 'nodes' | 'counter' | 'lookup' | 'audit' }
  | { readonly page: 'topic'; readonly topic: string }
  | { readonly page: 'channel'; readonly topic: string; readonly channel: string }
  | { readonly page: 'node'; readonly node: string }
  | { readonly page: 'missing' }

const PLAIN = new Set(['topics', 'nodes', 'counter', 'lookup', 'audit'])

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** @param path as the browser has it, still encoded, without the base path */
export function parseRoute(path: string): Route {
  const segments = path.split('/').filter((segment) => segment !== '')
  const [first, second, third] = segments.map(decoded)
  if (first === undefined) return { page: 'overview' }
  if (segments.length === 1 && PLAIN.has(first)) return { page: first as 'topics' }
  if (first === 'topics' && second !== undefined) {
    if (segments.length === 2) return { page: 'topic', topic: second }
    if (segments.length === 3) return { page: 'channel', topic: second, channel: third! }
  }
  if (first === 'nodes' && segments.length === 2) return { page: 'node', node: second! }
  return { page: 'missing' }
}

export function topicPath(topic: string): string {
  return `/topics/${encodeURIComponent(topic)}`
}

export function channelPath(topic: string, channel: string): string {
  return `${topicPath(topic)}/${encodeURIComponent(channel)}`
}

export function nodePath(node: string): string {
  return `/nodes/${encodeURIComponent(node)}`
}

/** The part of a location below the base path; `/` when it is the base path itself. */
export function withoutBase(pathname: string, basePath: string): string {
  return pathname.startsWith(basePath) ? pathname.slice(basePath.length) || '/' : pathname
}
