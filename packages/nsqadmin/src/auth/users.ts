import type { Role } from '../api.ts'
import { parsePasswordHash, type PasswordHash } from './password.ts'
import { ROLES } from './roles.ts'

/** Somebody who can log in. */
export interface User {
  readonly name: string
  readonly role: Role
  readonly hash: PasswordHash
}

const NAME = /^[\p{L}\p{N}._@+-]{1,64}$/u

/** Reads `name:role:hash`. Returns what is wrong, without repeating the hash, where it isn't that. */
export function parseUser(entry: string): User | string {
  const [name = '', roleText = '', hashText = '', ...rest] = entry.split(':')
  if (hashText === '' || rest.length > 0) return 'is not name:role:hash'
  if (!NAME.test(name)) return `has no usable name: ${JSON.stringify(name.slice(0, 64))}`
  const role = ROLES.find((known) => known === roleText)
  if (role === undefined) {
    return `(${name}) has the role ${JSON.stringify(roleText.slice(0, 64))}; there are ${ROLES.join(', ')}`
  }
  const hash = parsePasswordHash(hashText)
  if (hash === undefined) {
    return `(${name}) has a hash that is none; make one with: nsqadmin hash-password`
  }
  return { name, role, hash }
}
