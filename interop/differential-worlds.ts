// The worlds that scripts are played in: a pair of nsqds with the same flags each, and the scripts that suit them.
import { readFile } from 'node:fs/promises'
import { startAuthServer } from './auth-server.ts'
import { generateBroken } from './differential-broken.ts'
import { type KeyPair, makeAuthority } from './certificate.ts'
import type { Players } from './differential-compare.ts'
import { generate } from './differential-generator.ts'
import { DIFFERENTIAL_FLAGS } from './differential-limits.ts'
import { generateOperating } from './differential-operating.ts'
import { type ClientKeys, Player } from './differential-player.ts'
import type { Script } from './differential-script.ts'
import { type NsqdBinary, startNsqd } from './nsqd.ts'

export type WorldName = 'open' | 'auth' | 'tls' | 'alone'

interface WorldPlan {
  readonly flags: readonly string[]
  /** Scripts under way at once: most of a script's time is waiting whether something more comes. */
  readonly atOnce: number
}

const plans: Readonly<Record<WorldName, WorldPlan>> = {
  open: {
    flags: ['--e2e-processing-latency-percentile=1.0,0.95,0.5'],
    atOnce: 40,
  },
  /** An auth server is asked, and deflate is off. */
  auth: { flags: ['--deflate=false'], atOnce: 16 },
  /** Nothing goes without TLS and a client's certificate; snappy is off. */
  tls: {
    flags: ['--snappy=false', '--max-deflate-level=3', '--tls-client-auth-policy=require-verify'],
    atOnce: 16,
  },
  /** Scripts that change what holds for everybody. */
  alone: { flags: ['--e2e-processing-latency-percentile=0.99'], atOnce: 1 },
}

/** Of so many scripts in a row, how many are of which kind. */
const SHARES = { open: 10, broken: 4, auth: 3, tls: 2, alone: 1 } as const

type Kind = keyof typeof SHARES

const TURNS = Object.entries(SHARES).flatMap(([kind, share]) =>
  Array.from({ length: share }, () => kind as Kind),
)

/** The script with the given number; always the same one for the same seed. */
export function scriptOf(seed: number, number: number): Script {
  const kind = kindOf(number)
  if (kind === 'broken') return generateBroken(seed, number)
  if (kind === 'alone') return generateOperating(seed, number)
  return generate(seed, number, kind)
}

/** The numbers of a world's scripts. */
export function* numbersIn(world: WorldName, first: number, end: number): Generator<number> {
  for (let number = first; number < end; number++) {
    const kind = kindOf(number)
    if ((kind === 'broken' ? 'open' : kind) === world) yield number
  }
}

function kindOf(number: number): Kind {
  return TURNS[number % TURNS.length] ?? 'open'
}

export const WORLD_NAMES = Object.keys(plans) as readonly WorldName[]

export interface World {
  readonly players: Players
  readonly atOnce: number
}

/** Both nsqds of every world. */
export class Worlds implements AsyncDisposable {
  readonly #worlds = new Map<WorldName, World>()
  /** In the order of their making; closed the other way round. */
  readonly #parts: AsyncDisposable[] = []

  static async start(): Promise<Worlds> {
    const worlds = new Worlds()
    try {
      await worlds.#start()
      return worlds
    } catch (error) {
      await worlds[Symbol.asyncDispose]()
      throw error
    }
  }

  get(name: WorldName): World {
    const world = this.#worlds.get(name)
    if (world === undefined) throw new Error(`there is no world ${name}`)
    return world
  }

  async #start(): Promise<void> {
    const authority = await makeAuthority()
    this.#parts.push(authority)
    const authServer = await startAuthServer()
    this.#parts.push(authServer)
    const keys = { good: await read(authority.client), stranger: await read(authority.stranger) }
    const address = (binary: NsqdBinary): string => authServer.addressFor(binary)
    const start = async (name: WorldName, binary: NsqdBinary): Promise<Player> => {
      const nsqd = await startNsqd({
        binary,
        flags: [
          ...DIFFERENTIAL_FLAGS,
          ...plans[name].flags,
          ...(name === 'auth' ? [`--auth-http-address=${address(binary)}`] : []),
          ...(binary === 'ours' ? ['--debug-endpoints'] : []),
          `--tls-cert=${authority.server.cert}`,
          `--tls-key=${authority.server.key}`,
          `--tls-root-ca-file=${authority.root}`,
          '--https-address=127.0.0.1:0',
        ],
      })
      this.#parts.push(nsqd)
      const player = new Player(nsqd, keys)
      this.#parts.push(player)
      return player
    }
    for (const name of WORLD_NAMES) {
      // One after the other, so that none is still starting when another has failed.
      const theirs = await start(name, 'reference')
      const ours = await start(name, 'ours')
      this.#worlds.set(name, { players: { theirs, ours }, atOnce: plans[name].atOnce })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#parts.splice(0).toReversed()) await part[Symbol.asyncDispose]()
  }
}

async function read({ cert, key }: KeyPair): Promise<ClientKeys> {
  return { cert: await readFile(cert), key: await readFile(key) }
}
