import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { withDefaults } from '@tsq/daemon'
import { type ChannelName, type TopicName } from '@tsq/protocol'

import type { LogTopic } from '../../src/log-topic.ts'
import { type NsqdOptions, nsqdOptions } from '../../src/options.ts'
import { Topics } from '../../src/topics.ts'
import { Turn } from '../../src/turn.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { MemoryFiles } from '../support/memory-files.ts'

function openTopics(
  files: MemoryFiles,
  given: Partial<NsqdOptions> = {},
): { topics: Topics; turn: Turn } {
  const turn = new Turn(() => undefined)
  const options = withDefaults(nsqdOptions, { dataPath: '/data', ...given })
  const topics = new Topics(options, {
    files,
    clock: new FakeClock(),
    turn,
    note: () => undefined,
  })
  return { topics, turn }
}

function freshTopics(given: Partial<NsqdOptions> = {}): {
  topics: Topics
  turn: Turn
  files: MemoryFiles
} {
  const files = new MemoryFiles()
  files.makeFolder('/data')
  return { ...openTopics(files, given), files }
}

function publish(topic: LogTopic, text: string, delayMs = 0): void {
  const body = Buffer.from(text)
  topic.publish(body, 0, body.length, delayMs)
}

function channelDepth(topic: LogTopic, name: string): number {
  return topic.channel(name as ChannelName).stats().depth
}

for (const name of ['orders', 'orders#ephemeral']) {
  void suite(`a held topic (${name})`, () => {
    void test('acknowledges, and all channels made meanwhile begin with its first message', () => {
      const { topics, turn } = freshTopics()
      const topic = topics.topic(name as TopicName)
      topic.hold()
      publish(topic, 'one')
      turn.run()
      assert.equal(topic.settle(topic.appendedPosition), '')
      topic.channel('a' as ChannelName)
      publish(topic, 'two')
      turn.run()
      topic.channel('b' as ChannelName)
      assert.equal(topic.stats().depth, 2)
      assert.equal(channelDepth(topic, 'a'), 0)
      topic.letGo()
      assert.equal(topic.stats().depth, 0)
      assert.equal(channelDepth(topic, 'a'), 2)
      assert.equal(channelDepth(topic, 'b'), 2)
      assert.equal(channelDepth(topic, 'c'), 0, 'a later channel begins at the end')
    })

    void test('keeps its messages for a first channel when none was made', () => {
      const { topics, turn } = freshTopics()
      const topic = topics.topic(name as TopicName)
      topic.hold()
      publish(topic, 'one')
      turn.run()
      topic.letGo()
      assert.equal(topic.stats().depth, 1)
      assert.equal(channelDepth(topic, 'a'), 1)
    })

    void test('stays paused when let go', () => {
      const { topics, turn } = freshTopics()
      const topic = topics.topic(name as TopicName)
      topic.hold()
      topic.channel('a' as ChannelName)
      topic.setPaused(true)
      publish(topic, 'one')
      turn.run()
      topic.letGo()
      assert.equal(channelDepth(topic, 'a'), 0)
      topic.setPaused(false)
      assert.equal(channelDepth(topic, 'a'), 1)
    })

    void test('stays held when unpaused', () => {
      const { topics, turn } = freshTopics()
      const topic = topics.topic(name as TopicName)
      topic.hold()
      topic.setPaused(true)
      topic.channel('a' as ChannelName)
      publish(topic, 'one')
      turn.run()
      topic.setPaused(false)
      topic.channel('b' as ChannelName)
      topic.letGo()
      assert.equal(channelDepth(topic, 'a'), 1)
      assert.equal(channelDepth(topic, 'b'), 1)
    })

    void test('can be emptied, and deleted', () => {
      const { topics, turn } = freshTopics()
      const topic = topics.topic(name as TopicName)
      topic.hold()
      topic.channel('a' as ChannelName)
      publish(topic, 'one')
      turn.run()
      topic.empty()
      publish(topic, 'two')
      turn.run()
      topic.channel('b' as ChannelName)
      topics.delete(name)
      topic.letGo()
      assert.equal(topics.find(name), undefined)
    })
  })
}

void test('a held ephemeral topic keeps no more than --mem-queue-size', () => {
  const { topics, turn } = freshTopics({ memQueueSize: 10 })
  const topic = topics.topic('orders#ephemeral' as TopicName)
  topic.hold()
  const early = topic.channel('a#ephemeral' as ChannelName)
  for (let i = 0; i < 100; i++) {
    publish(topic, `${i}`)
    turn.run()
    assert.ok(topic.stats().depth <= 10)
    assert.ok(early.stats().depth <= 10)
  }
  const late = topic.channel('b' as ChannelName)
  topic.letGo()
  turn.run()
  assert.equal(early.stats().messageCount, 100)
  assert.equal(early.stats().depth, 10)
  assert.equal(late.stats().depth, 10)
})

void test('deferred messages of a held topic are deferred in every channel', () => {
  const { topics, turn } = freshTopics()
  const topic = topics.topic('orders' as TopicName)
  topic.hold()
  topic.channel('a' as ChannelName)
  publish(topic, 'later', 1_000)
  turn.run()
  topic.channel('b' as ChannelName)
  topic.letGo()
  for (const name of ['a', 'b']) {
    const { deferredCount, depth } = topic.channel(name as ChannelName).stats()
    assert.deepEqual({ deferredCount, depth }, { deferredCount: 1, depth: 0 }, name)
  }
})

for (const isKilled of [true, false]) {
  void test(`what was held is there after a ${isKilled ? 'kill' : 'stop'}`, async () => {
    const { topics, turn, files } = freshTopics()
    const topic = topics.topic('orders' as TopicName)
    topic.hold()
    publish(topic, 'one')
    turn.run()
    topic.channel('a' as ChannelName)
    publish(topic, 'two')
    turn.run()
    if (!isKilled) await topics.close()
    const again = openTopics(files.clone()).topics
    assert.equal(channelDepth(again.topic('orders' as TopicName), 'a'), 2)
    await again.close()
  })
}
