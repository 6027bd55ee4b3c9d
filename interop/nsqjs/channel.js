import nsq from 'nsqjs'

// Clocks of two processes on one machine agree to the millisecond they are rounded to.
const CLOCK_TOLERANCE_MS = 2
const MAX_ERRORS = 20

/** Follows the plan for the deliveries of one channel, whichever of its consumers gets them. */
export class Channel {
  counts = {
    received: 0,
    finished: 0,
    requeued: 0,
    left: 0,
    touched: 0,
    corrupt: 0,
    wrongAttempts: 0,
    early: 0,
    refused: 0,
  }
  ids = new Map()
  errors = []
  #plan
  #deliveries = new Map()
  #finished = new Set()
  #notBeforeMs = new Map()
  #left = []
  #readers = []
  #isStopping = false

  constructor(name, plan) {
    this.name = name
    this.#plan = plan
  }

  connect(topic, address, count) {
    for (let i = 0; i < count; i++) {
      const reader = new nsq.Reader(topic, this.name, {
        nsqdTCPAddresses: address,
        maxInFlight: this.#plan.maxInFlight,
        messageTimeout: this.#plan.msgTimeoutMs,
      })
      reader.on('message', (message) => this.#handle(message))
      reader.on('error', (error) => this.#noteError(error))
      reader.connect()
      this.#readers.push(reader)
    }
  }

  #handle(message) {
    const now = Date.now()
    const n = this.#numberOf(message.body)
    if (n === undefined) {
      this.counts.corrupt++
      message.finish()
      return
    }

    this.counts.received++
    const delivery = (this.#deliveries.get(n) ?? 0) + 1
    this.#deliveries.set(n, delivery)
    if (message.attempts !== delivery) this.counts.wrongAttempts++
    const planned = this.#plan.messages[n]
    if (delivery === 1) {
      this.ids.set(n, message.id)
      this.#notBeforeMs.set(n, Number(message.timestamp / 1_000_000n) + planned.deferMs)
    } else if (this.ids.get(n) !== message.id) {
      this.counts.corrupt++
    }
    if (now + CLOCK_TOLERANCE_MS < this.#notBeforeMs.get(n)) this.counts.early++

    const action = delivery === 1 ? planned.action : 'finish'
    if (action === 'requeue') {
      this.counts.requeued++
      this.#notBeforeMs.set(n, now + planned.delayMs)
      message.requeue(planned.delayMs, false)
    } else if (action === 'leave') {
      this.counts.left++
      this.#left.push(message)
    } else if (action === 'touch') {
      this.counts.touched++
      for (const afterMs of this.#plan.touchAfterMs) setTimeout(() => message.touch(), afterMs)
      setTimeout(() => this.#finish(n, message), this.#plan.finishTouchedAfterMs)
    } else {
      this.#finish(n, message)
    }
  }

  #numberOf(body) {
    const n = Number(body.subarray(0, body.indexOf(10)).toString('latin1'))
    return this.#plan.messages[n]?.bytes.equals(body) ? n : undefined
  }

  #finish(n, message) {
    message.finish()
    this.counts.finished++
    this.#finished.add(n)
  }

  #noteError(error) {
    if (error.message.startsWith('E_FIN_FAILED')) this.counts.refused++
    else if (!this.#isStopping && this.errors.length < MAX_ERRORS) {
      this.errors.push(`${this.name}: ${error.message}`)
    }
  }

  isComplete() {
    return this.#finished.size === this.#plan.messages.length
  }

  /** Finishes what was left to time out: nsqd must refuse each, without closing the connection. */
  answerLate() {
    for (const message of this.#left) message.finish()
  }

  areLateAnswersRefused() {
    return this.counts.refused >= this.counts.left
  }

  close() {
    this.#isStopping = true
    for (const reader of this.#readers) reader.close()
  }

  report() {
    const distinctIds = new Set(this.ids.values()).size
    return { ...this.counts, distinctIds, distinctBodies: this.#finished.size }
  }
}
