// Takes three messages, one by one, and leaves: node iterate.js HOST:PORT

import { Consumer } from '../src/index.ts'

const [nsqd = '127.0.0.1:4150'] = process.argv.slice(2)

let left = 3
for await (const message of new Consumer({ topic: 'orders', channel: 'three', nsqd })) {
  console.log(message.text())
  message.finish()
  if (--left === 0) break
}
