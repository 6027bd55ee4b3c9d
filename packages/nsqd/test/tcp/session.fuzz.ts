// Feeds an nsqd broken commands:  node packages/nsqd/dist/test/tcp/session.fuzz.js [seconds] [seed]
//
// Every connection sends a stream of commands, good and bad, with bytes changed, cut out and doubled, in random pieces, and
// then ends its side. Whatever it sent, nsqd must end the connection too, answer others meanwhile, and not grow.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { Nsqd } from '../../src/nsqd.ts'
import { Random } from '@tsq/testing'
import { batch, Client, int32, sized } from './client.ts'

const MIB = 1024 * 1024
const MAX_GROWTH_BYTES = 256 * MIB
const AT_ONCE = 16
const MAX_COMMANDS = 12
const END_MS = 5_000
const MAX_MSG_SIZE = 4_096
const MAX_BODY_SIZE = 16_384

/** What a run did. */
export interface FuzzResult {
  readonly connections: number
  readonly bytes: number
  readonly grownBytes: number
}

/** @throws {AssertionError} with the seed and the connection's number. */
export async function fuzzSessions(seed: number, durationMs: number): Promise<FuzzResult> {
  const dataPath = await mkdtemp(path.join(tmpdir(), 'tsq-fuzz-'))
  const nsqd = await Nsqd.start({
    tcpAddress: '127.0.0.1:0',
    httpAddress: '',
    dataPath,
    maxMsgSize: MAX_MSG_SIZE,
    maxBodySize: MAX_BODY_SIZE,
    tailBytes: 4 * MIB,
    tailBytesPerTopic: MIB,
    memQueueSize: 100,
  })
  try {
    const endMs = performance.now() + durationMs
    const before = process.memoryUsage().rss
    let connections = 0
    let bytes = 0
    const work = async (): Promise<void> => {
      while (performance.now() < endMs) {
        connections += 1
        bytes += await fuzzConnection(nsqd.tcpAddress, seed, connections)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    const grownBytes = process.memoryUsage().rss - before
    assert.ok(grownBytes < MAX_GROWTH_BYTES, `seed ${seed}: the process grew by ${grownBytes}`)
    await checkAlive(nsqd.tcpAddress)
    return { connections, bytes, grownBytes }
  } finally {
    await nsqd.close()
    await rm(dataPath, { recursive: true, force: true })
  }
}

/** Returns how many bytes were sent. */
async function fuzzConnection(address: string, seed: number, number: number): Promise<number> {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b))
  const client = await Client.open(address, random.chance(0.98) ? undefined : bytesOf(random, 4))
  const commands = Array.from({ length: 1 + random.below(MAX_COMMANDS) }, () => command(random))
  const stream = damage(random, Buffer.concat(commands))
  for (let at = 0; at < stream.length && !client.isEnded;) {
    const end = at + 1 + random.below(random.chance(0.5) ? stream.length : 40)
    client.send(stream.subarray(at, end))
    if (random.chance(0.3)) await new Promise((resolve) => setImmediate(resolve))
    at = end
  }
  if (random.chance(0.2)) client.close()
  else client.shut()
  try {
    await client.ended(END_MS)
  } catch (cause) {
    throw new Error(`seed ${seed}: connection ${number} has no end`, { cause })
  }
  for (const { type, text } of client.frames) {
    const isInternal = type === 'error' && text.includes('internal error')
    assert.ok(!isInternal, `seed ${seed}: connection ${number} made nsqd stumble`)
  }
  return stream.length
}

async function checkAlive(address: string): Promise<void> {
  const client = await Client.open(address)
  client.command('PUB alive', 'x')
  assert.equal((await client.next()).text, 'OK')
  client.close()
}

function command(random: Random): Buffer {
  const topic = pick(random, ['t', 'u', 'e#ephemeral', 'bad/name', ''])
  const channel = pick(random, ['c', 'd', 'e#ephemeral', '"'])
  const body = bytesOf(random, random.below(pick(random, [2, 50, MAX_MSG_SIZE + 10])))
  const id = pick(random, ['0123456789abcdef', 'short', '\0'.repeat(16)])
  const number = pick(random, ['', '0', '1', '5', '2500', '-1', '99999999999999999999', 'x'])
  return pick(random, [
    () => line(`PUB ${topic}`, sized(body)),
    () => line(`DPUB ${topic} ${number}`, sized(body)),
    () => line(`MPUB ${topic}`, sized(batch([body, body, Buffer.from('x')]))),
    () => line(`MPUB ${topic}`, int32(random.below(40_000)), int32(random.below(5_000)), body),
    () => line(`SUB ${topic} ${channel}`),
    () => line(`RDY ${number}`),
    () => line(`FIN ${id}`),
    () => line(`REQ ${id} ${number}`),
    () => line(`TOUCH ${id}`),
    () => line('CLS'),
    () => line('NOP'),
    () => line('IDENTIFY', sized(identifyBody(random))),
    () => line('IDENTIFY', int32(random.below(40_000)), body),
    () => bytesOf(random, random.below(200)),
    () => Buffer.alloc(random.below(20_000), 'y'),
  ])()
}

function identifyBody(random: Random): string {
  const name = pick(random, ['heartbeat_interval', 'sample_rate', 'client_id', '__proto__', 'x'])
  const value = pick(random, ['1000', '-1', '"t"', 'null', '{"a":[1,"}"]}', '1e3', '[', 'true'])
  return `{"${name}":${value},"feature_negotiation":true}`
}

function line(text: string, ...more: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(`${text}\n`), ...more])
}

/** Leaves a third as it is. */
function damage(random: Random, whole: Buffer): Buffer {
  let bytes = whole
  for (let times = random.below(4) - 1; times > 0 && bytes.length > 0; times--) {
    const at = random.below(bytes.length)
    const end = Math.min(bytes.length, at + 1 + random.below(8))
    const [before, between, after] = [
      bytes.subarray(0, at),
      bytes.subarray(at, end),
      bytes.subarray(end),
    ]
    const pieces = pick(random, [
      [before, after],
      [before, between, between, after],
      [before, bytesOf(random, between.length), after],
    ])
    bytes = Buffer.concat(pieces)
  }
  return bytes
}

function bytesOf(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i++) bytes[i] = random.below(256)
  return bytes
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.below(items.length)]!
}

if (process.argv[1] === import.meta.filename) {
  const seconds = Number(process.argv[2] ?? 60)
  const seed = Number(process.argv[3] ?? Date.now() % 1_000_000)
  console.log(`seed ${seed}`)
  console.log(await fuzzSessions(seed, seconds * 1000))
}
