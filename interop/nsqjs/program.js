// A program as people write them for nsqjs: callbacks, events, JSON. The test runs it as it stands, and again with the
// import changed to ours. What it prints must be the same.
const nsq = require('nsqjs')

const [host, port] = process.argv.slice(-2)
const log = []
let pending = 0

function done() {
  if (--pending > 0) return
  console.log(log.join('\n'))
  reader.close()
  writer.close()
}

const reader = new nsq.Reader('orders', 'billing', {
  nsqdTCPAddresses: `${host}:${port}`,
  maxInFlight: 10,
  maxAttempts: 2,
  messageTimeout: 30000,
  requeueDelay: 50,
})

reader.on(nsq.Reader.READY, () => log.push('reader: ready'))
reader.on(nsq.Reader.NSQD_CONNECTED, (nsqdHost, nsqdPort) => {
  log.push(`reader: connected to ${nsqdHost}, a port of type ${typeof nsqdPort}`)
})
reader.on(nsq.Reader.ERROR, (error) => log.push(`reader: error ${error.message}`))
reader.on(nsq.Reader.DISCARD, (message) => {
  log.push(`discarded ${message.body} after ${message.attempts} attempts`)
  done()
})
reader.on(nsq.Reader.MESSAGE, (message) => {
  const left = message.timeUntilTimeout()
  log.push(
    [
      `message ${message.body} attempt ${message.attempts}`,
      `id of ${message.id.length}, timestamp a ${typeof message.timestamp}`,
      `time left ${left > 25000 && left <= 30000}, answered ${message.hasResponded}`,
    ].join('; '),
  )
  const text = message.body.toString()
  if (text === 'hopeless') {
    message.requeue(0, false)
    return
  }
  if (text === 'once more' && message.attempts === 1) {
    message.requeue(10, false)
    return
  }
  if (text.startsWith('{')) log.push(`parsed ${message.json().order}`)
  message.touch()
  message.finish()
  log.push(`answered ${text}, touched ${message.touchCount}`)
  done()
})

const writer = new nsq.Writer(host, Number(port), { clientId: 'shop' })

writer.on('ready', () => {
  const publish = (name, messages) => {
    pending++
    writer.publish('orders', messages, (error) => {
      log.push(`published ${name}: ${error ? error.message : 'ok'}`)
      done()
    })
  }
  pending += 9
  publish('text', 'hello')
  publish('bytes', Buffer.from('bytes'))
  publish('an object', { order: 7 })
  publish('a list', ['one', 'two', { order: 8 }])
  publish('what is refused once', 'once more')
  publish('what is refused always', 'hopeless')
  pending++
  writer.deferPublish('orders', ['later'], 100, (error) => {
    log.push(`deferred: ${error ? error.message : 'ok'}`)
    done()
  })
  writer.publish('orders', '', (error) => log.push(`an empty one: ${error.message}`))
  reader.connect()
})
writer.on('closed', () => console.log('writer: closed'))
reader.on(nsq.Reader.NOT_READY, () => console.log('reader: not ready'))

writer.connect()
