// Hot: everything a connection is sent goes through here.

import { encodeError, encodeResponse, type ErrorCode, RESPONSE_OK } from '@tsq/protocol'

import type { Lender } from '../log/chunk.ts'
import type { Topic } from '../topic.ts'
import type { Transport } from './transport.ts'

export const OK_FRAME = encodeResponse(RESPONSE_OK)
const MANY_OKS = 256
const OK_FRAMES = Buffer.concat(Array.from({ length: MANY_OKS }, () => OK_FRAME))

/** Past so many pieces in a write, the small ones are copied together: each costs more than its bytes. */
const MANY_PIECES = 64
const SMALL_BYTES = 512

/** An answer in its place in the order of commands: bytes, or publishes that wait for their topic's acknowledgement. */
interface Reply {
  frame: Buffer | undefined
  topic: Topic | undefined
  position: number
  count: number
  command: string
}

export interface OutboxEvents {
  /** A publish failed: the error frame follows the answers before it, then the connection closes. */
  onPublishFailed(frame: Buffer): void
  /** The operating system has taken what one turn sent; more may wait. */
  onFlushed(): void
}

/**
 * What a connection will be sent. Answers keep the order of their commands, messages and heartbeats go between them; all
 * that a turn brought leaves in one gathered write.
 */
export class Outbox {
  readonly #transport: Transport
  readonly #events: OutboxEvents
  #pieces: Uint8Array[] = []
  /** Answers that are held up by a publish before them, a ring of reused objects. */
  #replies: Reply[] = []
  #replyHead = 0
  #replyCount = 0
  /** Publishes of this turn share an answer: they are committed as one. */
  #canMerge = false
  #lenders: Lender[] = []
  /** Lenders per write under way, oldest first. */
  #lent: Lender[][] = []
  #lentHead = 0
  readonly #written = (): void => this.#onWritten()

  constructor(transport: Transport, events: OutboxEvents) {
    this.#transport = transport
    this.#events = events
  }

  /** Whether the peer takes no more for now: bytes wait that the operating system has not taken. */
  isPushedBack(): boolean {
    return this.#transport.pendingBytes > 0
  }

  get hasReplies(): boolean {
    return this.#replyCount > 0
  }

  isEmpty(): boolean {
    return this.#pieces.length === 0 && this.#replyCount === 0
  }

  /** An answer that needs to wait for nothing but those before it. */
  reply(frame: Buffer): void {
    if (this.#replyCount === 0) {
      this.#pieces.push(frame)
      return
    }
    const reply = this.#pushReply()
    reply.frame = frame
    reply.topic = undefined
    this.#canMerge = false
  }

  /** `OK` once `topic` has acknowledged what was just published, or an error. */
  replyWhenAcked(topic: Topic, command: string): void {
    const position = topic.appendedPosition
    if (this.#canMerge && this.#replyCount > 0) {
      const last = this.#replies[(this.#replyHead + this.#replyCount - 1) % this.#replies.length]!
      if (last.topic === topic && last.command === command) {
        last.position = position
        last.count += 1
        return
      }
    }
    const reply = this.#pushReply()
    reply.frame = undefined
    reply.topic = topic
    reply.position = position
    reply.count = 1
    reply.command = command
    this.#canMerge = true
  }

  /** Message frames, or a heartbeat: not bound to the order of answers. */
  push(bytes: Uint8Array, lender: Lender | undefined): void {
    this.#pieces.push(bytes)
    if (lender !== undefined) this.#lenders.push(lender)
  }

  /** Sends what can go. Returns the topic whose acknowledgement holds up the rest, if any. */
  flush(): Topic | undefined {
    this.#canMerge = false
    const blocking = this.#settleReplies()
    if (this.#pieces.length > 0) this.#write()
    return blocking
  }

  #settleReplies(): Topic | undefined {
    while (this.#replyCount > 0) {
      const reply = this.#replies[this.#replyHead]!
      if (reply.topic === undefined) {
        this.#pieces.push(reply.frame!)
      } else {
        const outcome = reply.topic.settle(reply.position)
        if (outcome === undefined) return reply.topic
        if (outcome !== '') {
          this.#replyCount = 0
          this.#events.onPublishFailed(publishError(reply.command, outcome))
          return undefined
        }
        this.#pushOks(reply.count)
      }
      reply.topic = undefined
      reply.frame = undefined
      this.#replyHead = (this.#replyHead + 1) % this.#replies.length
      this.#replyCount -= 1
    }
    return undefined
  }

  #pushOks(count: number): void {
    let left = count
    while (left > 0) {
      const some = Math.min(left, MANY_OKS)
      this.#pieces.push(some === 1 ? OK_FRAME : OK_FRAMES.subarray(0, some * OK_FRAME.length))
      left -= some
    }
  }

  #write(): void {
    const pieces = this.#pieces.length > MANY_PIECES ? gather(this.#pieces) : this.#pieces
    const lenders = this.#lenders
    this.#pieces = []
    if (lenders.length > 0) this.#lenders = []
    this.#lent.push(lenders)
    this.#transport.write(pieces, this.#written)
  }

  #onWritten(): void {
    const lenders = this.#lent[this.#lentHead]!
    this.#lentHead += 1
    if (this.#lentHead === this.#lent.length) {
      this.#lent.length = 0
      this.#lentHead = 0
    }
    for (const lender of lenders) lender.release()
    this.#events.onFlushed()
  }

  /** The connection is gone: nothing is sent any more, nothing stays borrowed. */
  close(): void {
    this.#pieces = []
    this.#replyCount = 0
    for (const lender of this.#lenders) lender.release()
    this.#lenders = []
  }

  #pushReply(): Reply {
    if (this.#replyCount === this.#replies.length) this.#growReplies()
    const at = (this.#replyHead + this.#replyCount) % this.#replies.length
    this.#replyCount += 1
    return this.#replies[at]!
  }

  #growReplies(): void {
    const old = this.#replies
    const grown: Reply[] = []
    for (let i = 0; i < this.#replyCount; i++) {
      grown.push(old[(this.#replyHead + i) % old.length]!)
    }
    const size = Math.max(4, old.length * 2)
    while (grown.length < size) {
      grown.push({ frame: undefined, topic: undefined, position: 0, count: 0, command: '' })
    }
    this.#replies = grown
    this.#replyHead = 0
  }
}

/** Copies neighbours that are small into one piece. */
function gather(pieces: readonly Uint8Array[]): Uint8Array[] {
  const gathered: Uint8Array[] = []
  let first = 0
  for (let i = 0; i <= pieces.length; i++) {
    if (i < pieces.length && pieces[i]!.length <= SMALL_BYTES) continue
    if (i > first)
      gathered.push(i - first === 1 ? pieces[first]! : Buffer.concat(pieces.slice(first, i)))
    if (i < pieces.length) gathered.push(pieces[i]!)
    first = i + 1
  }
  return gathered
}

function publishError(command: string, reason: string): Buffer {
  const code = `E_${command}_FAILED` as ErrorCode
  return encodeError(`${code} ${command} failed ${reason}`)
}
