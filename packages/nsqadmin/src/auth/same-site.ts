import type { HttpRequest } from '@tsq/daemon'

/**
 * Whether a request may come from a page of another site, made by a browser on somebody's behalf. Browsers of today
 * say so in `Sec-Fetch-Site`; older ones send `Origin`, which is then compared with where the request went. Programs
 * send neither, and no browser can be made to leave them out of a POST, PUT or DELETE.
 */
export function isCrossSite({ headers }: HttpRequest): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const { origin } = headers
  if (origin === undefined) return false
  const host = headers['x-forwarded-host'] ?? headers.host
  return !URL.canParse(origin) || new URL(origin).host !== host
}
