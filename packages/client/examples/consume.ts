// Handles messages until it is interrupted: node consume.js HOST:PORT

import { Consumer } from '../src/index.ts'

const [nsqd = '127.0.0.1:4150'] = process.argv.slice(2)

const consumer = new Consumer({ topic: 'orders', channel: 'example', nsqd, maxInFlight: 20 })
consumer.on('error', (error) => console.error(error.message))
consumer.on('handlerError', (error, message) => console.error(message.id, error.message))
consumer.run((message) => {
  console.log(message.id, message.attempts, message.json())
})

process.once('SIGINT', () => void consumer.close())
process.once('SIGTERM', () => void consumer.close())
