import { Pattern, PatternBudget } from '@tsq/daemon'

export type Permission = 'subscribe' | 'publish'

interface Authorization {
  readonly topic: Pattern
  readonly channels: readonly Pattern[]
  readonly permissions: readonly Permission[]
}

/** What an auth server allows the owner of a secret. */
export class Grant {
  readonly identity: string
  readonly identityUrl: string
  readonly ttlMs: number
  readonly #authorizations: readonly Authorization[]

  /** @throws {Error} for an answer that is not to be trusted in any part: then nothing of it counts. */
  constructor(answer: string) {
    const fields = objectOf(JSON.parse(answer), 'the answer')
    const { ttl } = fields
    if (typeof ttl !== 'number' || !Number.isSafeInteger(ttl) || ttl <= 0) {
      throw new Error(`ttl is ${JSON.stringify(ttl)}, not a number of seconds`)
    }
    this.ttlMs = ttl * 1_000
    this.identity = textOf(fields['identity'] ?? '', 'identity')
    this.identityUrl = textOf(fields['identity_url'] ?? '', 'identity_url')
    const budget = new PatternBudget()
    this.#authorizations = listOf(fields['authorizations'], 'authorizations').map((entry) =>
      readAuthorization(objectOf(entry, 'an authorization'), budget),
    )
  }

  get permissionCount(): number {
    return this.#authorizations.length
  }

  /** @param channel empty for publishing, and then matched all the same, as by nsqd. */
  allows(permission: Permission, topic: string, channel: string): boolean {
    return this.#authorizations.some(
      (entry) =>
        entry.permissions.includes(permission) &&
        entry.topic.matches(topic) &&
        entry.channels.some((pattern) => pattern.matches(channel)),
    )
  }
}

function readAuthorization(
  entry: Readonly<Record<string, unknown>>,
  budget: PatternBudget,
): Authorization {
  const compile = (expression: unknown): Pattern =>
    new Pattern(textOf(expression, 'an expression'), budget)
  return {
    topic: compile(entry['topic']),
    channels: listOf(entry['channels'], 'channels').map(compile),
    permissions: listOf(entry['permissions'], 'permissions').map((permission) => {
      if (permission === 'subscribe' || permission === 'publish') return permission
      throw new Error(`unknown permission ${JSON.stringify(permission)}`)
    }),
  }
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${what} is no object`)
  }
  // Names match whatever their case, as in Go.
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name.toLowerCase(), field]),
  )
}

/** Absent and null are an empty list, as Go writes one. */
function listOf(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new Error(`${what} is no list`)
  return value
}

function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Error(`${what} is no text`)
  return value
}
