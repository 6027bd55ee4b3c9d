// A publisher or a consumer as a process of its own, so that it can live in a network namespace. What it is told and
// what it tells goes over its channel; when that breaks it ends.

import { type ConsumeJob, ConsumeLoad, type PublishJob, PublishLoad } from './load.ts'
import type { Delivery } from './tally.ts'

export type Order =
  | { readonly kind: 'publish'; readonly job: PublishJob }
  | { readonly kind: 'consume'; readonly job: ConsumeJob }
  | { readonly kind: 'hold' }
  | { readonly kind: 'let go' }
  /** Asks over HTTP from here; answered with an `answer`. */
  | { readonly kind: 'ask'; readonly url: string; readonly method: 'GET' | 'POST' }
  | { readonly kind: 'close' }

export type Report =
  | { readonly kind: 'acked'; readonly bodies: readonly string[] }
  | { readonly kind: 'delivered'; readonly deliveries: readonly Delivery[] }
  | { readonly kind: 'connections'; readonly count: number }
  | { readonly kind: 'answer'; readonly status: number; readonly text: string }

const REPORT_EVERY_MS = 50
const ASK_LIMIT_MS = 5_000

const publishers: PublishLoad[] = []
const consumers: ConsumeLoad[] = []
let acked: string[] = []
let deliveries: Delivery[] = []
let connections = 0

function tell(report: Report): void {
  process.send?.(report)
}

function reportAll(): void {
  if (acked.length > 0) tell({ kind: 'acked', bodies: acked })
  if (deliveries.length > 0) tell({ kind: 'delivered', deliveries })
  acked = []
  deliveries = []
  const now = consumers.reduce((sum, consumer) => sum + consumer.connections, 0)
  if (now !== connections) tell({ kind: 'connections', count: now })
  connections = now
}

async function ask(url: string, method: string): Promise<void> {
  try {
    const answer = await fetch(url, { method, signal: AbortSignal.timeout(ASK_LIMIT_MS) })
    tell({ kind: 'answer', status: answer.status, text: await answer.text() })
  } catch (error) {
    tell({ kind: 'answer', status: 0, text: String(error) })
  }
}

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'publish':
      publishers.push(new PublishLoad(order.job, (body) => acked.push(body)))
      break
    case 'consume':
      consumers.push(new ConsumeLoad(order.job, (delivery) => deliveries.push(delivery)))
      break
    case 'hold':
      for (const consumer of consumers) consumer.hold()
      break
    case 'let go':
      for (const consumer of consumers) consumer.letGo()
      break
    case 'ask':
      await ask(order.url, order.method)
      break
    case 'close':
      await Promise.all(publishers.map((publisher) => publisher.close()))
      await Promise.all(consumers.map((consumer) => consumer.close()))
      reportAll()
      process.disconnect()
      break
  }
}

setInterval(reportAll, REPORT_EVERY_MS)
process.on('message', (order: Order) => void obey(order))
process.on('disconnect', () => process.exit(0))
