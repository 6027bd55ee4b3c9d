import { ProtocolError } from '@tsq/protocol'

import type { AuthClient, AuthServers } from './auth-servers.ts'
import type { Grant, Permission } from './grant.ts'

/** What the client is answered to AUTH. Keys in nsqd's order. */
export interface AuthAnswer {
  readonly identity: string
  readonly identity_url: string
  readonly permission_count: number
}

/** What one connection may do, once AUTH has said so. Where that must be asked, the command waits and is tried again. */
export class SessionAuth {
  readonly #servers: AuthServers
  readonly #client: () => AuthClient
  readonly #onAnswered: () => void
  readonly #abandoned = new AbortController()
  #secret: Buffer = Buffer.alloc(0)
  #grant: Grant | undefined
  #expiresAt = 0
  /** What the servers said, until the waiting command takes it. */
  #outcome: { grant: Grant | undefined } | undefined
  #isAsking = false
  /** The topic that was last published to, and may be while the grant lasts. */
  #publishTopic: string | undefined

  /** @param onAnswered called, later, when a command that was told to wait should be tried again. */
  constructor(servers: AuthServers, client: () => AuthClient, onAnswered: () => void) {
    this.#servers = servers
    this.#client = client
    this.#onAnswered = onAnswered
  }

  /** Undefined until AUTH succeeded. */
  get grant(): Grant | undefined {
    return this.#grant
  }

  /**
   * AUTH. Undefined means wait.
   *
   * @param secret borrowed.
   * @throws {ProtocolError}
   */
  authenticate(secret: Buffer): AuthAnswer | undefined {
    if (this.#grant !== undefined) throw new ProtocolError('E_INVALID', 'AUTH already set')
    if (!this.#isAsking && this.#outcome === undefined) this.#secret = Buffer.from(secret)
    const outcome = this.#ask()
    if (outcome === undefined) return undefined
    const grant = this.#take(outcome)
    if (grant.permissionCount === 0) {
      this.#grant = undefined
      throw new ProtocolError('E_UNAUTHORIZED', 'AUTH no authorizations found')
    }
    const { identity, identityUrl, permissionCount } = grant
    return { identity, identity_url: identityUrl, permission_count: permissionCount }
  }

  /** Whether the command may go on; false means wait. @throws {ProtocolError} where it may not. */
  mayPublish(command: string, topic: string): boolean {
    if (topic === this.#publishTopic && this.#servers.clock.now() < this.#expiresAt) return true
    if (!this.#check(command, 'publish', topic, '')) return false
    this.#publishTopic = topic
    return true
  }

  /** Whether the command may go on; false means wait. @throws {ProtocolError} where it may not. */
  maySubscribe(topic: string, channel: string): boolean {
    return this.#check('SUB', 'subscribe', topic, channel)
  }

  /** The connection is gone. */
  abandon(): void {
    this.#abandoned.abort()
  }

  #check(command: string, permission: Permission, topic: string, channel: string): boolean {
    if (this.#grant === undefined) {
      throw new ProtocolError('E_AUTH_FIRST', `AUTH required before ${command}`)
    }
    let grant = this.#grant
    if (this.#servers.clock.now() >= this.#expiresAt) {
      const outcome = this.#ask()
      if (outcome === undefined) return false
      grant = this.#take(outcome)
    }
    if (grant.allows(permission, topic, channel)) return true
    const what = `${command} on "${topic}" "${channel}"`
    throw new ProtocolError('E_UNAUTHORIZED', `AUTH failed for ${what}`)
  }

  /** What the servers said of the secret; asks them where that is not known. */
  #ask(): { grant: Grant | undefined } | undefined {
    const outcome = this.#outcome
    if (outcome !== undefined) {
      this.#outcome = undefined
      return outcome
    }
    if (!this.#isAsking) {
      this.#isAsking = true
      void this.#run()
    }
    return undefined
  }

  async #run(): Promise<void> {
    const { signal } = this.#abandoned
    const grant = await this.#servers.ask(this.#secret, this.#client(), signal)
    this.#isAsking = false
    this.#outcome = { grant }
    if (!signal.aborted) this.#onAnswered()
  }

  #take({ grant }: { grant: Grant | undefined }): Grant {
    if (grant === undefined) throw new ProtocolError('E_AUTH_FAILED', 'AUTH failed')
    this.#grant = grant
    this.#expiresAt = this.#servers.clock.now() + grant.ttlMs
    this.#publishTopic = undefined
    return grant
  }
}
