// Publishes one message, a batch, and one for later: node publish.js HOST:PORT

import { Producer } from '../src/index.ts'

const [nsqd = '127.0.0.1:4150'] = process.argv.slice(2)

await using producer = new Producer({ nsqd })
await producer.publish('orders', JSON.stringify({ id: 1 }))
await producer.publishMany('orders', ['{"id":2}', '{"id":3}'])
await producer.publishDeferred('orders', '{"id":4}', 1_000)
console.log(producer.stats)
