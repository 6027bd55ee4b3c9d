// The same calls to our nsqlookupd and to NSQ's must be answered the same, but for the differences in
// lookupd-differences.ts. TSQ_LOOKUPD_SEEDS=1000-1099 runs other scripts than the usual ones.
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { differences } from './lookupd-differences.ts'
import { LookupdPeer } from './lookupd-peer.ts'
import { RunningLookupd } from './lookupd-process.ts'
import { type Outcome, ScriptRunner } from './lookupd-runner.ts'
import { makeScript, type Step } from './lookupd-script.ts'
import { prepareOrSkip } from './skip.ts'

const STEPS = 120
/** Everything is asked after so many steps. */
const SNAPSHOT_EVERY = 5
const [FIRST_SEED = 1, LAST_SEED = 30] = (process.env['TSQ_LOOKUPD_SEEDS'] ?? '1-30')
  .split('-')
  .map(Number)

type Pair = readonly [ours: RunningLookupd, reference: RunningLookupd]

/** Both, started; undefined where the test is skipped. */
async function startPair(t: TestContext, flags: readonly string[] = []): Promise<Pair | undefined> {
  const start = (binary: 'ours' | 'reference') => async () => {
    const lookupd = await RunningLookupd.start(binary, flags)
    t.after(() => lookupd.stop())
    return lookupd
  }
  const ours = await prepareOrSkip(t, start('ours'))
  const reference = ours && (await prepareOrSkip(t, start('reference')))
  return ours && reference && [ours, reference]
}

void suite('our nsqlookupd beside nsqlookupd 1.3.0', () => {
  const seeds = LAST_SEED - FIRST_SEED + 1
  void test(`${seeds} scripts of ${STEPS} calls`, { timeout: 600_000 }, async (t) => {
    const pair = await startPair(t)
    if (pair === undefined) return
    const [ours, reference] = pair.map((lookupd) => new ScriptRunner(lookupd))
    assert.ok(ours && reference)
    let leftOver = 0
    for (let seed = FIRST_SEED; seed <= LAST_SEED; seed += 1) {
      for (const [n, step] of makeScript(seed, STEPS).entries()) {
        const where = `seed ${seed}, step ${n}: ${describe(step)}`
        compare(await Promise.all([ours.run(step), reference.run(step)]), where)
        if ((n + 1) % SNAPSHOT_EVERY !== 0) continue
        const shown = await Promise.all([ours.snapshot(), reference.snapshot()])
        compare(shown, `what is there after ${where}`)
        leftOver += shown[1].leftOver.length - shown[0].leftOver.length
      }
      await Promise.all([ours.reset(), reference.reset()])
    }
    assert.ok(leftOver > 0, 'the reference keeps ephemeral names, else that needs no mask')
  })

  void test('nodes that do not ping, and tombstones, come back', { timeout: 60_000 }, async (t) => {
    const pair = await startPair(t, [
      '--inactive-producer-timeout=2s',
      '--tombstone-lifetime=700ms',
    ])
    if (pair === undefined) return
    const [ours, reference] = await Promise.all(pair.map(lifetimes))
    assert.deepEqual(ours, reference)
    assert.deepEqual(reference, [
      ['registered', 1, 1],
      ['tombstoned', 0, 1],
      ['tombstone over', 1, 1],
      ['silent', 0, 0],
      ['pinged', 1, 1],
    ])
  })

  for (const { name, why, run, reference, ours } of differences) {
    void test(`differs: ${name} (${why})`, { timeout: 60_000 }, async (t) => {
      const pair = await startPair(t)
      if (pair === undefined) return
      const answers = await Promise.all(pair.map(run))
      assert.deepEqual(answers, [ours, reference])
    })
  }
})

/** How many nodes `/lookup` and `/nodes` show as time goes by. */
async function lifetimes(lookupd: RunningLookupd): Promise<[string, number, number][]> {
  const seen: [string, number, number][] = []
  const look = async (when: string): Promise<void> => {
    const counts: number[] = []
    for (const target of ['/lookup?topic=t', '/nodes']) {
      const { producers }: { producers: unknown[] } = JSON.parse(
        (await lookupd.http('GET', target)).body,
      )
      counts.push(producers.length)
    }
    const [lookup = -1, nodes = -1] = counts
    seen.push([when, lookup, nodes])
  }
  const peer = await LookupdPeer.connect(lookupd.tcpPort)
  const body = '{"broadcast_address":"n1","tcp_port":1,"http_port":2,"version":"1"}'
  peer.send(Buffer.from(`  V1IDENTIFY\n\0\0\0${String.fromCharCode(body.length)}${body}`))
  peer.send(Buffer.from('REGISTER t\n'))
  await peer.answers(2)
  await look('registered')
  await lookupd.http('POST', '/topic/tombstone?topic=t&node=n1:2')
  await look('tombstoned')
  await sleep(1_200)
  await look('tombstone over')
  peer.send(Buffer.from('PING\n'))
  await peer.answers(1)
  await sleep(2_600)
  await look('silent')
  peer.send(Buffer.from('PING\n'))
  await peer.answers(1)
  await look('pinged')
  peer.close()
  return seen
}

function compare([ours, reference]: readonly [Outcome, Outcome], where: string): void {
  assert.deepEqual(ours.answer, reference.answer, where)
}

function describe(step: Step): string {
  if (step.kind === 'http') return `${step.method} ${step.target}`
  if (step.kind === 'connect') return `peer ${step.peer} connects: ${JSON.stringify(step.magic)}`
  if (step.kind !== 'send') return `peer ${step.peer} ${step.kind}s`
  return `peer ${step.peer} sends ${JSON.stringify(step.bytes.toString('latin1'))}`
}
