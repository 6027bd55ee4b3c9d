// A program written for nsqjs, with another import: node from-nsqjs.js HOST PORT

import { Reader, Writer } from '../src/nsqjs/index.ts'

const [host = '127.0.0.1', port = '4150'] = process.argv.slice(2)

const writer = new Writer(host, port)
writer.connect()
writer.on('ready', () => {
  writer.publish('greetings', { it: 'really tied the room together' }, (error) => {
    if (error) console.error(error.message)
  })
})

const reader = new Reader('greetings', 'example', { nsqdTCPAddresses: `${host}:${port}` })
reader.connect()
reader.on('message', (message) => {
  console.log('Received message [%s]: %j', message.id, message.json())
  message.finish()
  void writer.close()
  void reader.close()
})
