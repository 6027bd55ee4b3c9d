import assert from 'node:assert/strict'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { after, before as beforeAll, describe, it } from 'node:test'

import { Consumer, Producer } from '@tsq/client'
import { until } from '@tsq/testing'

import { type DaemonState, UpCluster } from './up-cluster.ts'

const TSQ = path.resolve(import.meta.dirname, '../../../packages/tsq/bin/tsq.js')
const LIMIT_MS = 60_000
const run = promisify(execFile)

describe('tsq up', () => {
  let cluster: UpCluster

  function waitUntil(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
    return until(`${what}\n${cluster.output}`, isSo, { timeoutMs: LIMIT_MS, everyMs: 50 })
  }

  beforeAll(async () => {
    cluster = await UpCluster.start((folder) => [
      '--nsqd=2',
      '--nsqlookupd=2',
      `--archive=${path.join(folder, 'archive')}`,
    ])
  })

  after(() => cluster[Symbol.asyncDispose]())

  it('says that all of it answers', async () => {
    const { stdout } = await run(process.execPath, [TSQ, 'status', `--data=${cluster.folder}`])
    assert.equal(stdout.match(/ OK /g)?.length, 6, stdout)
  })

  it('refuses a second cluster over the folder', async () => {
    const again = run(process.execPath, [TSQ, 'up', `--data=${cluster.folder}`, '--base-port=0'])
    await assert.rejects(again, /is in use by another instance/)
  })

  it('delivers through a kill of each daemon in turn', async () => {
    const all = await cluster.daemons()
    const [nsqd] = all.filter(({ name }) => name.startsWith('nsqd-'))
    const lookupd = all
      .filter(({ name }) => name.startsWith('nsqlookupd-'))
      .map(({ host, http }) => `${host}:${http}`)
    const received = new Set<string>()
    await using producer = new Producer({ nsqd: `${nsqd!.host}:${nsqd!.tcp}` })
    await producer.publish('orders', 'first')
    await using consumer = new Consumer({
      topic: 'orders',
      channel: 'billing',
      lookupd,
      lookupdPollIntervalMs: 200,
      maxInFlight: 100,
    })
    consumer.run((message) => {
      received.add(message.text())
    })
    await waitUntil('the first message', () => received.has('first'))
    const sent: string[] = []
    for (const { name } of all) {
      const before = await cluster.daemon(name)
      process.kill(before.pid!, 'SIGKILL')
      await waitUntil(`${name} is up again`, async () => {
        const now = await cluster.daemon(name)
        return now.state === 'up' && now.restarts === before.restarts + 1
      })
      for (let i = 0; i < 50; i++) {
        const body = `${name} ${i}`
        await producer.publish('orders', body)
        sent.push(body)
      }
    }
    await waitUntil('every message', () => sent.every((body) => received.has(body)))
  })

  it('archives what was published', async () => {
    const archive = path.join(cluster.folder, 'archive')
    await waitUntil('the archive has a message', async () => {
      const files = (await readdir(archive)).filter((name) => name.startsWith('orders.'))
      const texts = await Promise.all(
        files.map((name) => readFile(path.join(archive, name), 'utf8')),
      )
      return texts.some((text) => text.split('\n').includes('archiver 49'))
    })
  })

  it('has a page for operators that knows every nsqd', async () => {
    const { host, http } = await cluster.daemon('nsqadmin')
    const answer = await fetch(`http://${host}:${http}/api/nodes`)
    const { nodes } = (await answer.json()) as { nodes: unknown[] }
    assert.equal(nodes.length, 2)
  })

  it('leaves a drained nsqd down', async () => {
    const { host, http, restarts } = await cluster.daemon('nsqd-2')
    const answer = await fetch(`http://${host}:${http}/drain`, { method: 'POST' })
    assert.equal(answer.status, 200)
    await waitUntil('the log has it', () => cluster.output.includes(' 200 POST /drain '))
    assert.doesNotMatch(cluster.output, / 200 GET \//, 'what only asks is left out of the log')
    await waitUntil(
      'nsqd-2 has ended',
      async () => (await cluster.daemon('nsqd-2')).state === 'ended',
    )
    assert.equal((await cluster.daemon('nsqd-2')).restarts, restarts)
  })

  it('goes down by command and leaves no process behind', async () => {
    const pids = (await cluster.daemons()).flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
    const { stdout } = await run(process.execPath, [TSQ, 'down', `--data=${cluster.folder}`])
    assert.match(stdout, /the cluster is down/)
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), /ESRCH/)
    await waitUntil('tsq up ended', () => cluster.exitCode !== null)
    assert.equal(cluster.exitCode, 0)
  })
})

/** Processes of this machine that have the text in their command line. */
function mentioning(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const line = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ')
        return line.includes(text) ? [line] : []
      } catch {
        return []
      }
    })
}

function eventually(what: string, isSo: () => boolean): Promise<void> {
  return until(what, isSo, { timeoutMs: LIMIT_MS, everyMs: 50 })
}

async function withUp(
  flags: readonly string[],
  story: (up: ChildProcess, folder: string, output: () => string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tsq-up-'))
  const args = [TSQ, 'up', `--data=${folder}`, '--base-port=0', ...flags]
  const up = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  up.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()))
  try {
    await story(up, folder, () => output)
    await eventually('nothing is left', () => mentioning(folder).length === 0)
  } finally {
    if (up.exitCode === null) up.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
}

describe('signals to tsq up', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  it('while it starts end it, and what it has started', () =>
    withUp([], async (up, folder, output) => {
      await eventually('a first process', () => output().includes('nsqlookupd-1 is starting'))
      up.kill('SIGINT')
      await eventually('the end', () => up.exitCode !== null)
      assert.equal(up.exitCode, 0)
      assert.deepEqual(mentioning(folder), [])
    }))

  const hasIpv6 = Object.values(networkInterfaces())
    .flat()
    .some((one) => one?.address === '::1')
  it(
    'that come twice kill what does not stop; --bind may be an IPv6 address',
    { skip: !hasIpv6 },
    () =>
      withUp(['--bind=::1', '--nsqadmin=false'], async (up, folder, output) => {
        await eventually('the cluster is up', () => output().includes('npx tsq pub'))
        assert.match(output(), /nsqd-1 +tcp \[::1\]:\d+ {2}http:\/\/\[::1\]:\d+/)
        const { stdout } = await run(process.execPath, [TSQ, 'status', `--data=${folder}`])
        assert.equal(stdout.match(/ OK /g)?.length, 2, stdout)
        const state = JSON.parse(readFileSync(path.join(folder, 'tsq-up.json'), 'utf8')) as {
          daemons: DaemonState[]
        }
        // A process that is stopped takes no notice of SIGTERM.
        process.kill(state.daemons.at(-1)!.pid!, 'SIGSTOP')
        up.kill('SIGINT')
        await eventually('it is stopping', () => output().includes('once more to kill'))
        // npm passes on the one that the terminal has sent already.
        up.kill('SIGINT')
        await pause(600)
        assert.equal(up.exitCode, null)
        up.kill('SIGINT')
        await eventually('the end', () => up.exitCode !== null)
        assert.equal(up.exitCode, 1)
      }),
  )
})
