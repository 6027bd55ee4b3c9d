// Takes a client through the plan against a nsqd, then holds the client's report and nsqd's own
// statistics to the plan and to each other.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Client } from './clients.ts'
import {
  type ChannelStats,
  nsqdBinaries,
  type RunningNsqd,
  startNsqd,
  type TopicStats,
} from './nsqd.ts'
import { countActions, countBodyBytes, countPublished, makePlan, type Plan } from './plan.ts'
import { prepareOrSkip } from './skip.ts'

const DEADLINE_S = 60
const SETTLE_TIMEOUT_MS = 5_000

/**
 * Deliveries beyond the planned ones that a slow machine may cause. Far fewer than the messages that
 * are touched: were TOUCH not obeyed, all of those would come again.
 */
const MAX_SURPLUS = 25

interface ChannelReport {
  /** Deliveries. */
  readonly received: number
  /** FINs sent for deliveries that were not left to time out. */
  readonly finished: number
  readonly requeued: number
  readonly left: number
  readonly touched: number
  readonly distinctIds: number
  readonly distinctBodies: number
  readonly corrupt: number
  readonly wrongAttempts: number
  /** Deliveries before the delay of their DPUB or REQ was over. */
  readonly early: number
  /** FINs that nsqd answered with E_FIN_FAILED. */
  readonly refused: number
}

interface Report {
  readonly client: string
  readonly version: string
  readonly published: Readonly<Record<'PUB' | 'MPUB' | 'DPUB', number>>
  readonly channels: Readonly<Record<string, ChannelReport>>
  readonly idMismatches: number
  readonly errors: readonly string[]
}

export function testScenario(client: Client): void {
  void suite(`${client.name} ${client.version}`, () => {
    for (const binary of ['ours', 'reference'] as const) {
      void test(`exchanges 10,000 messages with ${nsqdBinaries[binary]}, and /stats agrees`, async (t) => {
        const command = await prepareOrSkip(t, () => client.prepare())
        if (command === undefined) return
        const nsqd = await prepareOrSkip(t, () => startNsqd({ binary }))
        if (nsqd === undefined) return
        t.after(() => nsqd.stop())

        const plan = makePlan()
        const report = await runClient(command, nsqd, 'interop', plan)
        checkReport(report, client, plan)
        const stats = await settledStats(nsqd, 'interop')
        checkStats(stats, report, plan)
        await nsqd.stop()
      })
    }
  })
}

async function runClient(
  [command, ...leading]: readonly [string, ...string[]],
  nsqd: RunningNsqd,
  topic: string,
  plan: Plan,
): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'tsq-interop-plan-'))
  try {
    const planFile = join(folder, 'plan.json')
    await writeFile(planFile, JSON.stringify(plan))
    const args = [
      ...leading,
      `--nsqd-tcp-address=${nsqd.tcpAddress}`,
      `--nsqd-http-address=${nsqd.httpAddress}`,
      `--topic=${topic}`,
      `--plan=${planFile}`,
      `--deadline=${DEADLINE_S}s`,
    ]
    const timeout = (DEADLINE_S + 10) * 1000
    const { stdout } = await promisify(execFile)(command, args, { timeout })
    const report: Report = JSON.parse(stdout)
    return report
  } catch (cause) {
    // execFile's message holds what the program wrote to stderr.
    throw new Error(`the client's program failed${nsqd.lastLines()}`, { cause })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function checkReport(report: Report, client: Client, plan: Plan): void {
  assert.equal(report.client, client.name)
  assert.equal(report.version, client.version)
  assert.deepEqual(report.errors, [])
  assert.equal(report.idMismatches, 0, 'a message has the same id on every channel')
  assert.deepEqual(report.published, {
    PUB: countPublished(plan, 'PUB'),
    MPUB: countPublished(plan, 'MPUB'),
    DPUB: countPublished(plan, 'DPUB'),
  })
  for (const { name } of plan.channels) {
    const channel = report.channels[name]
    assert.ok(channel, `the report has channel ${name}`)
    const surplus = surplusOf(channel, plan)
    assert.ok(surplus >= 0, `${name}: each message was delivered at least as often as planned`)
    assert.ok(
      surplus <= MAX_SURPLUS,
      `${name}: ${surplus} deliveries timed out that were not left to`,
    )
    const { received: _received, finished, refused, ...exact } = channel
    assert.deepEqual(exact, {
      requeued: countActions(plan, 'requeue'),
      left: countActions(plan, 'leave'),
      touched: countActions(plan, 'touch'),
      distinctIds: plan.messages.length,
      distinctBodies: plan.messages.length,
      corrupt: 0,
      wrongAttempts: 0,
      early: 0,
    })
    assert.equal(finished, plan.messages.length + surplus, `${name}: every message was finished`)
    assert.ok(
      refused >= channel.left && refused <= channel.left + surplus,
      `${name}: ${refused} late answers were refused, of ${channel.left} and ${surplus} more`,
    )
  }
}

/** Deliveries that no requeue and no planned timeout explains: the machine was too slow for them. */
function surplusOf(channel: ChannelReport, plan: Plan): number {
  return channel.received - plan.messages.length - channel.requeued - channel.left
}

/** The statistics once every connection of the client's is gone. */
async function settledStats(nsqd: RunningNsqd, topic: string): Promise<TopicStats> {
  const giveUpMs = Date.now() + SETTLE_TIMEOUT_MS
  for (;;) {
    const stats = await nsqd.stats(topic)
    assert.ok(stats, `/stats has topic ${topic}`)
    const clients = stats.channels.reduce((sum, channel) => sum + channel.client_count, 0)
    if (clients === 0 || Date.now() > giveUpMs) return stats
    await sleep(20)
  }
}

function checkStats(stats: TopicStats, report: Report, plan: Plan): void {
  assert.equal(stats.depth, 0)
  assert.equal(stats.message_count, plan.messages.length)
  assert.equal(stats.message_bytes, countBodyBytes(plan))
  assert.equal(stats.channels.length, plan.channels.length)
  for (const { name } of plan.channels) {
    const channel = report.channels[name]
    const counted = stats.channels.find(({ channel_name }) => channel_name === name)
    assert.ok(channel && counted, `/stats and the report have channel ${name}`)
    assert.deepEqual(pickCounts(counted), {
      depth: 0,
      in_flight_count: 0,
      deferred_count: 0,
      message_count: plan.messages.length,
      requeue_count: channel.requeued,
      timeout_count: channel.left + surplusOf(channel, plan),
      client_count: 0,
    })
  }
}

/** The statistics that are compared, without the many that are not. */
function pickCounts(stats: ChannelStats): Omit<ChannelStats, 'channel_name' | 'paused'> {
  return {
    depth: stats.depth,
    in_flight_count: stats.in_flight_count,
    deferred_count: stats.deferred_count,
    message_count: stats.message_count,
    requeue_count: stats.requeue_count,
    timeout_count: stats.timeout_count,
    client_count: stats.client_count,
  }
}
