import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { NsqdOptions } from '../../src/options.ts'
import {
  bodiesOf,
  Broker,
  CHANNEL,
  drain,
  freshFiles,
  type Ticket,
  TOPIC,
} from '../support/broker.ts'
import { FaultyFiles, inputOutput, noSpace } from '../support/faulty-files.ts'
import type { MemoryFiles } from '../support/memory-files.ts'

interface Setting {
  readonly files: MemoryFiles
  readonly faulty: FaultyFiles
  readonly broker: Broker
}

function start(options: Partial<NsqdOptions> = {}): Setting {
  const files = freshFiles()
  const faulty = new FaultyFiles(files)
  const broker = new Broker(faulty, options)
  broker.channel(TOPIC, CHANNEL)
  return { files, faulty, broker }
}

function publish(broker: Broker, body: string): { ticket: Ticket; outcome: string | undefined } {
  const ticket = broker.publish(TOPIC, body)
  broker.run()
  return { ticket, outcome: broker.outcome(TOPIC, ticket) }
}

/** What the next process would deliver. */
function recovered({ files }: Setting): string[] {
  return bodiesOf(drain(new Broker(files.clone()), TOPIC, CHANNEL))
}

/** What makes a write fail, and how. */
const FAULTS: readonly [string, (faulty: FaultyFiles) => void][] = [
  ['at once', (faulty) => faulty.fail('writev', noSpace)],
  ['after its first byte', (faulty) => (faulty.roomBytes = 1)],
  ['within the header', (faulty) => (faulty.roomBytes = 20)],
  ['between header and frames', (faulty) => (faulty.roomBytes = 40)],
  ['within the frames', (faulty) => (faulty.roomBytes = 60)],
  [
    'and cannot be cut off again',
    (faulty) => {
      faulty.roomBytes = 60
      faulty.fail('truncate', inputOutput)
      faulty.fail('remove', inputOutput)
    },
  ],
]

for (const ackAfter of ['write', 'fsync'] as const) {
  describe(`with --ack-after=${ackAfter} a write that fails`, () => {
    for (const [how, breakIt] of FAULTS) {
      for (const isFirst of [true, false]) {
        test(`${how}${isFirst ? ', in a new segment,' : ''} fails its publishers alone`, () => {
          const setting = start({ ackAfter })
          const { faulty, broker } = setting
          const acked: string[] = []
          if (!isFirst) {
            assert.equal(publish(broker, 'before').outcome, '')
            acked.push('before')
          }
          const reader = broker.subscribe(TOPIC, CHANNEL)
          broker.run()

          breakIt(faulty)
          const one = broker.publish(TOPIC, 'one of two that fail')
          const two = broker.publishMany(TOPIC, ['two that fail', 'three that fail'])
          broker.run()
          assert.match(broker.outcome(TOPIC, one) ?? '', /ENOSPC/)
          assert.match(broker.outcome(TOPIC, two) ?? '', /ENOSPC/)
          assert.match(broker.topics.failure()?.message ?? '', /ENOSPC/)

          faulty.heal()
          assert.equal(publish(broker, 'after').outcome, '')
          acked.push('after')
          assert.deepEqual(bodiesOf(reader.received), acked.toSorted())
          assert.equal(broker.topics.failure(), undefined)
          assert.deepEqual(recovered(setting), acked.toSorted())

          // And the process that finds this goes on.
          const next = new Broker(setting.files)
          assert.equal(publish(next, 'next life').outcome, '')
          const left = bodiesOf(drain(next, TOPIC, CHANNEL))
          assert.deepEqual(left, [...acked, 'next life'].toSorted())
        })
      }
    }
  })
}

test('a commit of very many batches that fails in its second write fails as a whole', () => {
  const setting = start()
  const { faulty, broker } = setting
  const tickets: Ticket[] = []
  for (let i = 0; i < 400; i++) tickets.push(broker.publish(TOPIC, `${i}`, 1_000))
  faulty.roomBytes = 300 * 76
  broker.run()
  for (const ticket of tickets) assert.match(broker.outcome(TOPIC, ticket) ?? '', /ENOSPC/)
  faulty.heal()
  assert.equal(publish(broker, 'after').outcome, '')
  assert.deepEqual(bodiesOf(drain(broker, TOPIC, CHANNEL)), ['after'])
  assert.deepEqual(recovered(setting), ['after'])
})

test('a new segment that cannot be opened fails its publishers alone', () => {
  const setting = start({ maxBytesPerFile: 1024 })
  const { faulty, broker } = setting
  assert.equal(publish(broker, 'a'.repeat(1_100)).outcome, '')
  faulty.fail('open', noSpace)
  assert.match(publish(broker, 'lost').outcome ?? '', /ENOSPC/)
  faulty.heal()
  assert.equal(publish(broker, 'after').outcome, '')
  const expected = ['after', 'a'.repeat(1_100)].toSorted()
  assert.deepEqual(bodiesOf(drain(broker, TOPIC, CHANNEL)), expected)
  assert.deepEqual(recovered(setting), expected)
})

test('consumers finish what they have and get what waits while the disk is full', () => {
  const setting = start()
  const { faulty, broker } = setting
  for (let i = 0; i < 10; i++) publish(broker, `${i}`)
  const reader = broker.subscribe(TOPIC, CHANNEL)
  reader.readyCount = 3
  broker.run()
  for (const call of ['writev', 'replace', 'makeFolder'] as const) {
    faulty.fail(call, noSpace)
  }
  assert.match(publish(broker, 'fails').outcome ?? '', /ENOSPC/)
  while (reader.received.length < 10) {
    const before = reader.received.length
    for (const { id } of reader.received.slice(-3)) broker.finish(TOPIC, CHANNEL, reader, id)
    broker.advance(1_100)
    assert.ok(reader.received.length > before)
  }
  assert.equal(reader.received.length, 10)
})

test('checkpoints that failed on a full disk are written once it has room', () => {
  const setting = start()
  const { faulty, broker } = setting
  const reader = broker.subscribe(TOPIC, CHANNEL)
  publish(broker, 'finished')
  broker.finish(TOPIC, CHANNEL, reader, reader.received[0]!.id)
  faulty.fail('replace', noSpace)
  broker.advance(3_000)
  assert.deepEqual(recovered(setting), ['finished'])
  faulty.heal()
  broker.advance(2_000)
  assert.deepEqual(recovered(setting), [])
})

test('a failing disk is noticed to have room again without another publish', () => {
  const { faulty, broker } = start()
  faulty.fail('writev', noSpace)
  faulty.fail('replace', noSpace)
  publish(broker, 'fails')
  assert.match(broker.topics.failure()?.message ?? '', /ENOSPC/)
  broker.advance(3_000)
  assert.match(broker.topics.failure()?.message ?? '', /ENOSPC/)
  faulty.heal()
  broker.advance(3_000)
  assert.equal(broker.topics.failure(), undefined)
})

test('with --ack-after=memory what was acknowledged is written once the disk has room', () => {
  const setting = start({ ackAfter: 'memory', syncTimeoutMs: 100 })
  const { faulty, broker } = setting
  faulty.roomBytes = 30
  faulty.fail('truncate', inputOutput)
  faulty.fail('remove', inputOutput)
  assert.equal(publish(broker, 'one').outcome, '')
  broker.advance(500)
  assert.equal(publish(broker, 'two').outcome, '')
  broker.advance(500)
  faulty.heal()
  broker.advance(500)
  assert.deepEqual(recovered(setting), ['one', 'two'])
  assert.deepEqual(bodiesOf(drain(broker, TOPIC, CHANNEL)), ['one', 'two'])
  // What was torn has not stayed in the way.
  const next = new Broker(setting.files.clone())
  assert.ok(!next.notes.some((note) => note.includes('damage')))
})

test('with --ack-after=memory a full tail on a full disk refuses what would not fit', () => {
  const setting = start({ ackAfter: 'memory', tailBytesPerTopic: 1024 * 1024 })
  const { faulty, broker } = setting
  faulty.fail('writev', noSpace)
  let taken = 0
  assert.throws(() => {
    for (; taken < 100; taken++) publish(broker, `${taken}`.padEnd(100_000))
  }, /ENOSPC/)
  assert.ok(taken >= 10 && taken < 20, `${taken}`)
  faulty.heal()
  broker.advance(5_000)
  assert.equal(recovered(setting).length, taken)
})

test('messages in flight that cannot be read back for a while are delivered when they can', () => {
  const { faulty, broker, files } = start()
  publish(broker, 'one')
  const next = new Broker(new FaultyFiles(files.clone()))
  assert.deepEqual(bodiesOf(drain(next, TOPIC, CHANNEL)), ['one'])
  const broken = new FaultyFiles(files.clone())
  broken.fail('readLater', inputOutput)
  const third = new Broker(broken)
  const reader = third.subscribe(TOPIC, CHANNEL)
  third.run()
  third.advance(3_000)
  assert.deepEqual(reader.received, [])
  assert.match(third.notes.join('\n'), /cannot read .* EIO/)
  broken.heal()
  third.advance(3_000)
  assert.deepEqual(bodiesOf(reader.received), ['one'])
  faulty.heal()
})
