// What the code in the client's guides takes for granted: names of the reader's own program.

import type { Server } from 'node:http'
import type { Consumer, ConsumerOptions, Producer } from '@tsq/client'

declare global {
  type Order = { readonly id: number }
  function bill(order: unknown): Promise<void>
  function charge(order: Order): Promise<void>
  const log: { warn(error: Error): void }
  const where: { topic: string; channel: string; nsqd: string }
  const producer: Producer
  const deadLetters: Producer
  const consumer: Consumer
  const app: { listen(port: number): Server }
  const AppModule: unknown
  const NsqServer: new (options: Omit<ConsumerOptions, 'topic' | 'channel'>) => object
}
