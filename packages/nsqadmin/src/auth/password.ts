// Passwords are kept as what scrypt makes of them.

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** Costs some 16 MiB and 50 ms a try: nothing to whoever logs in, much to whoever guesses. */
const COST = { N: 16_384, r: 8, p: 1 } as const
const KEY_BYTES = 32
const SALT_BYTES = 16
/** A hash may ask for more than `COST`, but not for so much that a login stops the process. */
const MAX_MEMORY = 128 * 1024 * 1024
export const MAX_PASSWORD_BYTES = 1_024

/** A password's hash in parts: `scrypt$N$r$p$salt$key`, the last two in base64url. */
export interface PasswordHash {
  readonly N: number
  readonly r: number
  readonly p: number
  readonly salt: Buffer
  readonly key: Buffer
}

const FORM = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,2})\$([\w-]{16,128})\$([\w-]{43})$/

/** Undefined where the text is no hash of this form, or one that costs too much. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const match = FORM.exec(text)
  if (match === null) return undefined
  const [, costText = '', rText = '', pText = '', salt = '', key = ''] = match
  const [N, r, p] = [Number(costText), Number(rText), Number(pText)]
  const isPowerOfTwo = N >= 1_024 && Number.isInteger(Math.log2(N))
  if (!isPowerOfTwo || r < 1 || p < 1 || p > 16 || 128 * N * r > MAX_MEMORY / 2) return undefined
  return { N, r, p, salt: Buffer.from(salt, 'base64url'), key: Buffer.from(key, 'base64url') }
}

/** Makes a hash, for the `--user` option. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const key = await derive(password, { ...COST, salt })
  const { N, r, p } = COST
  return ['scrypt', N, r, p, salt.toString('base64url'), key.toString('base64url')].join('$')
}

/** Takes as long whether it is the password or not. */
export async function isPassword(password: string, hash: PasswordHash): Promise<boolean> {
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES) return false
  return timingSafeEqual(await derive(password, hash), hash.key)
}

function derive(password: string, { N, r, p, salt }: Omit<PasswordHash, 'key'>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N, r, p, maxmem: MAX_MEMORY }
    scrypt(password.normalize(), salt, KEY_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })
}
