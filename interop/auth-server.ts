// An auth server to which the secret itself says what to answer, so that nothing need be shared with whoever asks.
import { once } from 'node:events'
import { createServer } from 'node:http'

/** What an auth server gives for a secret, the first time and at each further query; the last counts from there on. */
export type Told = readonly { readonly status: number; readonly body: string }[]

export interface AuthServer extends AsyncDisposable {
  /** Each nsqd has its own address, as what was asked before counts for it alone. */
  addressFor(nsqd: string): string
}

/** Answers what the secret says. */
export async function startAuthServer(): Promise<AuthServer> {
  const asked = new Map<string, number>()
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://nowhere')
    const secret = searchParams.get('secret') ?? ''
    const told = parseSecret(secret)
    const key = `${pathname} ${secret}`
    const count = asked.get(key) ?? 0
    if (told.length > 1) asked.set(key, count + 1)
    const answer = told[Math.min(count, told.length - 1)]
    response.statusCode = answer?.status ?? 403
    response.end(answer?.body)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const bound = server.address()
  const port = bound !== null && typeof bound === 'object' ? bound.port : 0
  return {
    addressFor: (nsqd) => `http://127.0.0.1:${port}/auth/${nsqd}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}

/** A secret to which the auth server answers so. Secrets of other names are others. */
export function secretFor(name: string, told: Told): string {
  return name + JSON.stringify(told)
}

function parseSecret(secret: string): Told {
  const separator = secret.indexOf('[')
  return separator < 0 ? [] : (JSON.parse(secret.slice(separator)) as Told)
}
