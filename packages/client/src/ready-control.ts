// Who may deliver how much: RDY counts over all connections of a consumer, and its back-off. No I/O: connections
// and the clock come in as small interfaces.
//
//   normal ─failure─► blocked (RDY 0 everywhere) ─time─► probing (RDY 1 on one) ─result─► blocked or normal
//
// Two rules of sharing. As long as there is a message for each connection, every connection has its share, and keeps
// it. With fewer, RDY 1 goes round: a connection with nothing to deliver loses it after a slot of a few tens of
// milliseconds, one that delivers keeps it for ten, and idle and busy ones take turns.

import type { Alarm, Clock } from './clock.ts'
import type { BackoffStrategy } from './backoff.ts'

/** A subscribed connection, as far as RDY is concerned. */
export interface ReadyPeer {
  readonly maxRdyCount: number
  readonly roundTripMs: number
  /** Messages delivered and unanswered. */
  readonly inFlight: number
  sendReady(count: number): void
}

export interface ReadyHooks {
  onBackoff(level: number, durationMs: number): void
  onResume(): void
}

export interface ReadySettings {
  readonly maxInFlight: number
  readonly maxBackoffMs: number
  readonly readyCycleMs: number
  readonly strategy: BackoffStrategy
  readonly random?: () => number
}

export type Phase = 'normal' | 'blocked' | 'probing'
/** What became of a message: FIN, REQ, or REQ that shall not slow down. */
export type Outcome = 'success' | 'failure' | 'continue'

const MIN_SLOT_MS = 20
/** A connection that delivers keeps its turn for this many slots. */
const BUSY_SLOTS = 10
const STARVED_RATIO = 0.85

interface Share {
  readonly peer: ReadyPeer
  rdy: number
  /** The RDY sent last that was not 0. */
  lastRdy: number
  grantedAt: number
  idleSince: number
  /** Whether a message came since the last tick, and since the turn began. */
  hasDelivered: boolean
  isBusy: boolean
}

export class ReadyControl {
  readonly #clock: Clock
  readonly #hooks: ReadyHooks
  readonly #settings: ReadySettings
  readonly #random: () => number
  readonly #shares = new Map<ReadyPeer, Share>()
  #maxInFlight: number
  #phase: Phase = 'normal'
  #level = 0
  #isPaused = false
  #isStopped = false
  #backoffAlarm: Alarm | undefined
  #turnAlarm: Alarm | undefined
  #isBusyNext = false

  constructor(clock: Clock, settings: ReadySettings, hooks: ReadyHooks) {
    this.#clock = clock
    this.#settings = settings
    this.#hooks = hooks
    this.#random = settings.random ?? Math.random
    this.#maxInFlight = settings.maxInFlight
  }

  get phase(): Phase {
    return this.#phase
  }

  get level(): number {
    return this.#level
  }

  get maxInFlight(): number {
    return this.#maxInFlight
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Whether some connection has nearly as much in flight as it may: more RDY would bring more. */
  get isStarved(): boolean {
    for (const { peer, lastRdy } of this.#shares.values()) {
      if (peer.inFlight > 0 && peer.inFlight >= Math.floor(lastRdy * STARVED_RATIO)) return true
    }
    return false
  }

  readyOf(peer: ReadyPeer): number {
    return this.#shares.get(peer)?.rdy ?? 0
  }

  /** Sum over all connections; never above what may be in flight. */
  get totalReady(): number {
    let total = 0
    for (const share of this.#shares.values()) total += share.rdy
    return total
  }

  add(peer: ReadyPeer): void {
    this.#shares.set(peer, {
      peer,
      rdy: 0,
      lastRdy: 0,
      // Random within the past second, so that peers new together take their turns in random order.
      grantedAt: -1_000 * this.#random(),
      idleSince: 0,
      hasDelivered: false,
      isBusy: false,
    })
    // With one more to ask, slots are shorter.
    this.#turnAlarm?.cancel()
    this.#turnAlarm = undefined
    this.#distribute()
  }

  remove(peer: ReadyPeer): void {
    if (this.#shares.delete(peer)) this.#distribute()
  }

  setMaxInFlight(count: number): void {
    this.#maxInFlight = count
    this.#distribute()
  }

  pause(): void {
    this.#isPaused = true
    this.#distribute()
  }

  resume(): void {
    this.#isPaused = false
    this.#distribute()
  }

  /** Sends no RDY any more: the connections are told to close. */
  stop(): void {
    this.#isStopped = true
    this.#backoffAlarm?.cancel()
    this.#turnAlarm?.cancel()
  }

  /** Hot. A message came. */
  onMessage(peer: ReadyPeer): void {
    if (this.#turnAlarm === undefined) return
    const share = this.#shares.get(peer)
    if (share !== undefined) share.hasDelivered = true
  }

  /** Hot. A message is about to be answered: call it before the answer is written. */
  onOutcome(outcome: Outcome): void {
    if (outcome !== 'failure' && this.#level === 0) return
    if (this.#phase === 'blocked' || this.#isStopped) return
    const { strategy, maxBackoffMs } = this.#settings
    if (outcome === 'success') this.#level--
    else if (outcome === 'failure' && strategy(this.#level + 1) <= maxBackoffMs) this.#level++
    if (this.#level > 0) {
      this.#block(Math.min(strategy(this.#level), maxBackoffMs))
    } else if (outcome === 'success') {
      this.#phase = 'normal'
      this.#distribute()
      this.#hooks.onResume()
    }
  }

  /** Hot. A message was answered, and its connection's `inFlight` is lower now. */
  onAnswered(peer: ReadyPeer): void {
    if (this.#turnAlarm === undefined) return
    const share = this.#shares.get(peer)
    if (share?.rdy === 0) this.#grant()
  }

  // --- back-off

  #block(durationMs: number): void {
    this.#phase = 'blocked'
    this.#distribute()
    this.#backoffAlarm?.cancel()
    this.#backoffAlarm = this.#clock.after(durationMs, () => this.#probe())
    this.#hooks.onBackoff(this.#level, durationMs)
  }

  #probe(): void {
    this.#phase = 'probing'
    // One at random, whoever had its turn last.
    for (const share of this.#shares.values()) share.grantedAt = -1_000 * this.#random()
    this.#distribute()
  }

  // --- sharing

  /** How many messages may be asked for now. */
  #limit(): number {
    if (this.#isPaused || this.#phase === 'blocked') return 0
    return this.#phase === 'probing' ? Math.min(1, this.#maxInFlight) : this.#maxInFlight
  }

  #distribute(): void {
    if (this.#isStopped) return
    const limit = this.#limit()
    const peers = this.#shares.size
    if (limit > 0 && peers > limit) {
      this.#takeTurns(limit)
      return
    }
    this.#turnAlarm?.cancel()
    this.#turnAlarm = undefined
    const each = peers === 0 ? 0 : Math.floor(limit / peers)
    let extra = peers === 0 ? 0 : limit % peers
    const raises: (() => void)[] = []
    for (const share of this.#shares.values()) {
      const count = Math.min(each + (extra-- > 0 ? 1 : 0), share.peer.maxRdyCount)
      if (count > share.rdy) raises.push(() => this.#send(share, count))
      else this.#send(share, count)
    }
    // Others go down before anyone goes up, so that the sum is never exceeded.
    for (const raise of raises) raise()
  }

  #send(share: Share, count: number): void {
    if (share.rdy === count) return
    share.rdy = count
    if (count > 0) share.lastRdy = count
    share.peer.sendReady(count)
  }

  #takeTurns(limit: number): void {
    for (const share of this.#shares.values()) {
      if (share.rdy > 1) this.#send(share, 1)
    }
    let excess = this.totalReady - limit
    for (const share of this.#shares.values()) {
      if (excess <= 0) break
      if (share.rdy === 0) continue
      this.#send(share, 0)
      excess--
    }
    this.#grant()
    if (this.#turnAlarm === undefined) this.#nextTick()
  }

  /** Long enough for everyone to have a turn within a cycle. */
  #slotMs(): number {
    const turns = this.#shares.size / Math.max(1, this.#limit())
    return Math.max(MIN_SLOT_MS, this.#settings.readyCycleMs / turns)
  }

  #nextTick(): void {
    this.#turnAlarm = this.#clock.after(this.#slotMs(), () => {
      this.#turnAlarm = undefined
      this.#endTurns()
      this.#distribute()
    })
  }

  #endTurns(): void {
    const now = this.#clock.now()
    const slotMs = this.#slotMs()
    for (const share of this.#shares.values()) {
      if (share.rdy === 0) continue
      if (share.hasDelivered || share.peer.inFlight > 0) {
        share.isBusy = true
        share.idleSince = now
      }
      share.hasDelivered = false
      // A message may still be on its way: two round trips, if those are not longer than a whole cycle should be. Timers
      // may be early by a hair.
      const onItsWayMs = Math.min(2 * share.peer.roundTripMs, this.#settings.readyCycleMs)
      const patienceMs = Math.max(slotMs, onItsWayMs) - 2
      const isIdle = now - share.idleSince >= patienceMs
      const hadItsTime = now - share.grantedAt >= patienceMs * BUSY_SLOTS
      if (isIdle || hadItsTime) this.#send(share, 0)
      if (isIdle) share.isBusy = false
    }
  }

  /** Gives RDY 1 to those whose turn it is, as far as the limit goes. */
  #grant(): void {
    const now = this.#clock.now()
    for (let free = this.#limit() - this.#taken(); free > 0; free--) {
      const next = this.#next()
      if (next === undefined) return
      next.grantedAt = now
      next.idleSince = now
      next.hasDelivered = false
      this.#send(next, 1)
    }
  }

  /** A connection whose message is still being handled takes its place, RDY or not; a probe looks at RDY alone. */
  #taken(): number {
    if (this.#phase === 'probing') return this.totalReady
    let taken = 0
    for (const share of this.#shares.values()) taken += Math.max(share.rdy, share.peer.inFlight)
    return taken
  }

  /** Whoever waits longest, a busy one and an idle one in turn. */
  #next(): Share | undefined {
    let busy: Share | undefined
    let idle: Share | undefined
    for (const share of this.#shares.values()) {
      if (share.rdy > 0) continue
      if (this.#phase === 'normal' && share.peer.inFlight > 0) continue
      if (share.isBusy) {
        if (busy === undefined || share.grantedAt < busy.grantedAt) busy = share
      } else if (idle === undefined || share.grantedAt < idle.grantedAt) idle = share
    }
    if (busy === undefined || idle === undefined) return busy ?? idle
    this.#isBusyNext = !this.#isBusyNext
    return this.#isBusyNext ? busy : idle
  }
}
