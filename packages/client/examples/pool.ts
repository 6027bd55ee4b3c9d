// Publishes to whichever nsqd is up: node pool.js HOST:PORT HOST:PORT …

import { ProducerPool } from '../src/index.ts'

await using pool = new ProducerPool({ nsqd: process.argv.slice(2) })
for (let i = 0; i < 10; i++) await pool.publish('orders', JSON.stringify({ id: i }))
console.log(pool.nodes, pool.stats)
