// Every change that somebody makes goes through here: it is done, written down and told on.

import os from 'node:os'

import { type Answer, type NodeResult, UpstreamError, warningMessage } from '@tsq/clusterinfo'
import { HttpError, type HttpRequest } from '@tsq/daemon'

import type { ActionResult } from '../api.ts'
import type { Identity } from '../auth/gatekeeper.ts'
import type { Audit } from './audit.ts'
import type { Notifier } from './notifier.ts'

/** What somebody does, in the words of nsqadmin's notifications. */
export interface Action {
  readonly name: string
  readonly topic: string
  readonly channel?: string | undefined
  readonly node?: string | undefined
  /** Told on even when it can't be done, as nsqadmin 1.3.0 does for pausing, unpausing and emptying. */
  readonly isToldAnyway?: boolean
  /** What it is told on as first: the topic that comes into being with a channel. */
  readonly toldBefore?: Action
  /** Ours alone, such as a publish: written down, but not told on. */
  readonly isPrivate?: boolean
}

/** Who does it, and from where. */
export interface Doer {
  readonly request: HttpRequest
  readonly identity: Identity
}

/** What does the work: to every server that it concerns. */
export type Work = () => Promise<Answer<readonly NodeResult[]>>

export class Actions {
  readonly #audit: Audit
  readonly #notifier: Notifier
  /** Told after every action, so that its effect is soon seen. */
  readonly #onDone: () => void
  #done = 0
  #failed = 0

  constructor(audit: Audit, notifier: Notifier, onDone: () => void) {
    this.#audit = audit
    this.#notifier = notifier
    this.#onDone = onDone
  }

  /** Actions so far, by whether they were done everywhere. */
  get counts(): { readonly done: number; readonly failed: number } {
    return { done: this.#done, failed: this.#failed }
  }

  /** @throws {HttpError} 404 `TOPIC_NOT_FOUND`, 502 `UPSTREAM_ERROR: …` */
  async run(doer: Doer, action: Action, work: Work): Promise<ActionResult> {
    try {
      const { value, warnings } = await work()
      const message = warningMessage(warnings)
      const results = value.map(({ node, ok, error }) => ({
        node,
        ok,
        ...(error === undefined ? {} : { error }),
      }))
      this.#note(doer, action, message === '', message)
      this.#tell(doer, action)
      return { message, results }
    } catch (error) {
      const failure = asHttpError(error)
      this.#note(doer, action, false, failure.message)
      if (action.isToldAnyway === true) this.#tell(doer, action)
      throw failure
    } finally {
      this.#onDone()
    }
  }

  #note({ request, identity }: Doer, action: Action, ok: boolean, message: string): void {
    if (ok) this.#done += 1
    else this.#failed += 1
    const { name, topic, channel, node } = action
    this.#audit.add({
      time: Date.now(),
      user: identity.user,
      remote: request.peer,
      action: name,
      topic,
      ...(channel === undefined ? {} : { channel }),
      ...(node === undefined ? {} : { node }),
      ok,
      message,
    })
  }

  #tell(doer: Doer, { name, topic, channel, node, isPrivate, toldBefore }: Action): void {
    if (isPrivate === true) return
    if (toldBefore !== undefined) this.#tell(doer, toldBefore)
    const { request, identity } = doer
    const user = basicUser(request) || identity.user
    this.#notifier.send({
      action: name,
      topic,
      ...(channel === undefined ? {} : { channel }),
      ...(node === undefined ? {} : { node }),
      timestamp: Math.floor(Date.now() / 1_000),
      ...(user === '' ? {} : { user }),
      remote_ip: request.peer,
      user_agent: request.headers['user-agent'] ?? '',
      url: `${schemeOf(request)}://${request.headers.host ?? ''}${request.url}`,
      via: os.hostname(),
    })
  }
}

/** What an upstream failure is to whoever asked. */
export function asHttpError(error: unknown): Error {
  if (error instanceof UpstreamError) {
    return error.isNotFound
      ? new HttpError(404, 'TOPIC_NOT_FOUND')
      : new HttpError(502, `UPSTREAM_ERROR: ${error.message}`)
  }
  return error instanceof Error ? error : new Error(String(error))
}

/** Whether the one who asked did so by HTTPS, here or at a proxy. */
export function schemeOf({ raw, headers }: HttpRequest): 'http' | 'https' {
  const isTls = 'encrypted' in raw.socket && raw.socket.encrypted === true
  const told = headers['x-scheme'] ?? headers['x-forwarded-proto']
  return isTls || told === 'https' ? 'https' : 'http'
}

function basicUser({ headers }: HttpRequest): string {
  const match = /^basic ([\w+/=]+)$/i.exec(headers.authorization ?? '')
  if (match?.[1] === undefined) return ''
  return Buffer.from(match[1], 'base64').toString().split(':')[0] ?? ''
}
