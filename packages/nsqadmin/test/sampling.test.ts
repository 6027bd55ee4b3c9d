import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { History, type Subject } from '../src/history/history.ts'
import { Ring } from '../src/history/ring.ts'
import { HistorySeries, hourOf } from '../src/history/series.ts'
import { ClusterState } from '../src/sampler/cluster-state.ts'
import { channelGrowth, growth } from '../src/sampler/counters.ts'
import { Figures } from '../src/sampler/figures.ts'
import { NodeTopics } from '../src/sampler/node-answer.ts'
import { watched } from './support/admin.ts'
import { topicName } from './support/fake-cluster.ts'

function answerOf(counts: Record<string, number>, startTime = 1): Record<string, unknown> {
  const {
    published = 0,
    depth = 0,
    inFlight = 0,
    deferred = 0,
    requeued = 0,
    timedOut = 0,
  } = counts
  return {
    start_time: startTime,
    topics: [
      {
        topic_name: 't',
        depth: 0,
        backend_depth: 0,
        message_count: published,
        paused: false,
        channels: [
          {
            channel_name: 'c',
            depth,
            backend_depth: 0,
            in_flight_count: inFlight,
            deferred_count: deferred,
            message_count: published,
            requeue_count: requeued,
            timeout_count: timedOut,
            client_count: 1,
            paused: false,
          },
        ],
      },
    ],
  }
}

/** Plays answers of one node, `stepMs` apart, and gives the topic's figures after each. */
function play(answers: readonly Record<string, unknown>[], stepMs = 1_000): Figures[] {
  const state = new ClusterState()
  const node = new NodeTopics(state)
  return answers.map((answer, i) => {
    state.beginRound(false)
    node.take(answer, i * stepMs)
    state.endRound(i * stepMs, 1)
    return state.topic('t').shown
  })
}

void suite('rates', () => {
  void test('follow from how counters grow', () => {
    const [first, second] = play(
      [
        answerOf({ published: 100, depth: 10 }),
        answerOf({ published: 150, depth: 20, inFlight: 5, requeued: 5, timedOut: 10 }),
      ],
      5_000,
    )
    assert.equal(first?.publish, 0, 'nothing is known of the time before')
    // 40 more came than wait; 5 of them are in flight, the others finished.
    assert.deepEqual(
      [second?.publish, second?.finish, second?.requeue, second?.timeout, second?.deliver],
      [10, 7, 1, 2, 11],
    )
    assert.equal(second?.depth, 20)
  })

  void test('survive a nsqd that begins anew with its backlog', () => {
    const figures = play([
      answerOf({ published: 1_000, depth: 500 }),
      answerOf({ published: 3, depth: 503 }, 2),
      answerOf({ published: 5, depth: 495 }, 2),
    ])
    assert.deepEqual(
      figures.map(({ publish, finish }) => [publish, finish]),
      [
        [0, 0],
        [0, 0],
        [2, 10],
      ],
    )
  })

  void test('survive a topic that was deleted and made again', () => {
    const [, second] = play([answerOf({ published: 1_000 }), answerOf({ published: 7 })])
    assert.deepEqual([second?.publish, second?.finish], [7, 0])
  })

  void test('are those of before when a sample comes too soon', () => {
    const state = new ClusterState()
    const node = new NodeTopics(state)
    const samples: [number, boolean, number][] = [
      [0, false, 0],
      [5_000, false, 50],
      [5_100, true, 60],
      [10_000, false, 100],
    ]
    const rates = samples.map(([now, isEarly, published]) => {
      state.beginRound(isEarly)
      node.take(answerOf({ published }), now)
      state.endRound(now, 1)
      return [
        state.figures.publish,
        state.figures.finish,
        node.figures.publish,
        state.figures.messages,
      ]
    })
    assert.deepEqual(rates, [
      [0, 0, 0, 0],
      [10, 10, 10, 50],
      [10, 10, 10, 60],
      [10, 10, 10, 100],
    ])
  })

  void test('never fall below zero', () => {
    assert.equal(growth(5, 10), 5)
    const counts = { messages: 10, depth: 0, inFlight: 0, deferred: 0, requeued: 0, timedOut: 0 }
    const grown = channelGrowth({ ...counts, depth: 5 }, counts)
    assert.deepEqual(grown, { deliver: 0, finish: 0, requeue: 0, timeout: 0 })
  })

  void test('an answer of the wrong shape adds nothing', () => {
    const state = new ClusterState()
    const node = new NodeTopics(state)
    for (const topics of [
      7,
      [7],
      [{}],
      [{ topic_name: 't' }],
      [{ ...goodTopic, channels: [1] }],
      [{ ...goodTopic, depth: '1' }],
    ]) {
      state.beginRound(false)
      assert.throws(() => node.take({ topics }, 0), { code: 'ERR_SHAPE' })
      state.endRound(0, 0)
      assert.equal(state.topics.size, 0)
    }
  })
})

const goodTopic = { topic_name: 't', depth: 0, backend_depth: 0, message_count: 0, paused: false }

void suite('history', () => {
  void test('a ring forgets what is old and knows gaps', () => {
    const ring = new Ring(100, 2)
    assert.ok(Number.isNaN(ring.value(5, 0)))
    ring.write(1_000, [1, 2])
    ring.write(1_003, [3, 4])
    assert.deepEqual([ring.value(1_000, 1), ring.value(1_003, 0)], [2, 3])
    assert.ok(Number.isNaN(ring.value(1_001, 0)) && Number.isNaN(ring.value(999, 0)))
    ring.write(1_099, [5, 6])
    assert.equal(ring.value(1_000, 0), 1)
    ring.write(1_100, [7, 8])
    assert.ok(Number.isNaN(ring.value(1_000, 0)))
    ring.write(9_000, [9, 9])
    assert.ok(Number.isNaN(ring.value(1_100, 0)) && Number.isNaN(ring.value(8_950, 0)))
    assert.equal(ring.value(9_000, 0), 9)
    assert.ok(ring.bytes <= 120 * 2 * 4)
  })

  void test('an hour has a point a sample, a day one a minute, as the mean of it', () => {
    const series = new HistorySeries(hourOf(5_000))
    for (let i = 0; i < 24; i++) {
      const figures = new Figures()
      figures.depth = i
      figures.latency = new Map([[0.99, 2e6]])
      series.record(600_000 + i * 5_000, figures)
    }
    const end = 600_000 + 23 * 5_000
    const hour = series.recorder('1h')
    assert.equal(hour.series('depth', end).length, 720)
    assert.deepEqual(hour.series('depth', end).slice(-25), [
      null,
      ...Array.from({ length: 24 }, (_, i) => i),
    ])
    assert.equal(hour.latencySeries(0.99, end).at(-1), 2)
    const day = series.recorder('24h').series('depth', end)
    assert.equal(day.length, 1_440)
    assert.deepEqual(day.slice(-3), [null, 5.5, 17.5])
  })

  void test('has room for so many: the busy take the place of the idle', () => {
    const history = new History(1_000, 3)
    const idle = ['a', 'b', 'c'].map((key) => topicAt(key, 0))
    history.record(1_000, new Figures(), idle)
    assert.equal(history.seriesCount, 3)
    history.record(200_000, new Figures(), [...idle, topicAt('busy', 100)])
    assert.equal(history.seriesCount, 3)
    assert.ok(history.find('topic', 'busy'))
    const busier = ['d', 'e', 'f'].map((key) => topicAt(key, 1))
    history.record(300_000, new Figures(), [topicAt('busy', 100), ...busier])
    assert.ok(history.find('topic', 'busy'), 'less busy ones do not push it out')
    assert.equal(history.seriesCount, 3)
  })

  void test('a full series takes as much memory as the option says', () => {
    const series = new HistorySeries(hourOf(5_000))
    const figures = new Figures()
    for (let time = 0; time <= 86_400_000; time += 5_000) series.record(time, figures)
    assert.ok(series.bytes > 60_000 && series.bytes < 72_000, String(series.bytes))
  })
})

void suite('what the page is told', () => {
  void test('overview, topics and charts come from the samples', async (t) => {
    const { cluster, admin } = await watched(t, { sampleIntervalMs: 1_000 })
    const { json: overview } = await admin.ask('GET /api/overview')
    assert.deepEqual(
      [
        overview['node_count'],
        overview['topic_count'],
        overview['channel_count'],
        overview['client_count'],
      ],
      [3, 5, 10, 12],
    )
    const asked = cluster.asked.get('/stats')
    for (let i = 0; i < 20; i++) await admin.ask('GET /api/summary/topics')
    assert.ok(cluster.asked.get('/stats')! - asked! <= 6, 'looking costs the nodes nothing')
    cluster.goOn()
    const { sampler } = admin.admin
    const before = sampler.sampledAt
    while (sampler.sampledAt === before || sampler.state.figures.publish === 0) {
      await new Promise((resolve) => sampler.once('sample', resolve))
    }
    const { json } = await admin.ask('GET /api/summary/topics')
    const [topic] = json['topics'] as {
      topic: string
      node_count: number
      rates: { publish: number }
    }[]
    assert.equal(topic?.topic, topicName(0))
    assert.equal(topic?.node_count, 2)
    assert.ok(topic.rates.publish > 0)
    const name = encodeURIComponent(topicName(0))
    for (const query of [
      '',
      `topic=${name}`,
      `topic=${name}&channel=channel-0`,
      `node=${cluster.nodeAddresses[0]}`,
    ]) {
      const { json: history } = await admin.ask(`GET /api/history?${query}`)
      assert.equal(history['message'], '', query)
      assert.ok(
        (history['depth'] as (number | null)[]).some((value) => value !== null),
        query,
      )
    }
    const unknown = await admin.ask('GET /api/history?topic=nope')
    assert.match(String(unknown.json['message']), /^WARNING: no history/)
    assert.equal((await admin.ask('GET /api/history?range=1y')).status, 400)
  })

  void test('an action is seen at once', async (t) => {
    const { admin } = await watched(t, { sampleIntervalMs: 60_000 })
    await admin.ask('GET /api/overview')
    const before = admin.admin.sampler.sampledAt
    await admin.ask(`POST /api/topics/${encodeURIComponent(topicName(0))}`, { action: 'pause' })
    await new Promise((resolve) => admin.admin.sampler.once('sample', resolve))
    assert.ok(admin.admin.sampler.sampledAt >= before)
  })

  void test('/metrics has the cluster as sums, and this process', async (t) => {
    const { admin } = await watched(t)
    await admin.ask('GET /api/overview')
    const { text } = await admin.ask('GET /metrics')
    assert.match(text, /^nsqadmin_cluster_topics 5$/m)
    assert.match(text, /^nsqadmin_cluster_nodes\{state="up"\} 3$/m)
    assert.match(text, /^process_cpu_seconds_total /m)
    assert.ok(!text.includes(topicName(0)))
  })
})

function topicAt(key: string, publish: number): Subject {
  const figures = new Figures()
  figures.publish = publish
  return { kind: 'topic', key, figures }
}
