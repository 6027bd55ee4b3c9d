// Lines through to_nsq, nsqd and nsq_to_file into files, with nsq_to_file killed on the way, and a look at what is there.

import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { constants, gunzipSync } from 'node:zlib'

import { Random, TempFolder, until } from '@tsq/testing'

import { TestNsqd } from './nsqd-topics.ts'
import { ToolProcess } from './tool-process.ts'

const TOPIC = 'archive'
const CHANNEL = 'nsq_to_file'
const DRAIN_TIMEOUT_MS = 600_000
const PAYLOAD_BYTES = 180

export interface ArchiveRun {
  readonly seed: number
  readonly messages: number
  /** How often nsq_to_file is killed while it works. */
  readonly kills: number
  readonly note?: (text: string) => void
}

export interface ArchiveReport {
  /** Lines published that are in no file. */
  readonly missing: number
  /** Lines that are there more often than once. */
  readonly repeated: number
  /** Whole lines nobody published. */
  readonly foreign: number
  readonly files: number
  /** Files whose last piece was cut short by a kill; what is whole before it can be read. */
  readonly torn: number
  readonly seconds: number
}

/** What line `n` is: its number and some text that depends on it and on the seed. */
function lineOf(n: number, seed: number): string {
  const mixed = Math.imul(n ^ seed, 0x9e3779b1) >>> 0
  const length = mixed % PAYLOAD_BYTES
  return `${n} ${mixed.toString(36).repeat(26).slice(0, length)}`
}

/** @throws when nsqd or a tool fails, or does not get to the end. */
export async function runArchive(run: ArchiveRun): Promise<ArchiveReport> {
  const { seed, messages, kills, note = () => {} } = run
  const random = new Random(seed)
  using folder = new TempFolder('archive')
  mkdirSync(folder.at('nsqd'))
  const nsqd = await TestNsqd.start(folder.at('nsqd'))
  try {
    await nsqd.makeChannel(TOPIC, CHANNEL)
    const start = performance.now()
    const output = folder.at('output')
    const args = [
      `--topic=${TOPIC}`,
      `--nsqd-tcp-address=${nsqd.address}`,
      `--output-dir=${output}`,
    ]
    const flags = [
      '--gzip',
      '--max-in-flight=1000',
      '--sync-interval=100ms',
      '--rotate-size=5000000',
    ]
    const begin = (): ToolProcess => new ToolProcess('nsq_to_file', [...args, ...flags])

    await using publisher = new ToolProcess('to_nsq', args.slice(0, 2))
    let archiver = begin()
    try {
      let published = 0
      for (let round = 0; round <= kills; round++) {
        const upTo = Math.round((messages * (round + 1)) / (kills + 1))
        // A part of the lines for each round, so that there is work at every kill.
        for (; published < upTo; published += 1_000) {
          const last = Math.min(published + 1_000, upTo)
          await publisher.write(linesOf(published, last, seed))
        }
        published = upTo
        if (round === kills) break
        // Most die at work, some before they have begun.
        const isAtWork = (): boolean => archiver.stderr.includes('opening')
        if (random.chance(0.8)) await until('nsq_to_file is at work', isAtWork)
        await sleep(random.between(0, 150))
        const { signal } = await archiver.end('SIGKILL')
        if (signal !== 'SIGKILL')
          throw new Error(`nsq_to_file ended by itself:\n${archiver.stderr}`)
        note(`kill ${round + 1} of ${kills}, ${upTo} lines published`)
        archiver = begin()
      }
      publisher.input('')
      const { code } = await publisher.ended(DRAIN_TIMEOUT_MS)
      if (code !== 0) throw new Error(`to_nsq ended with ${code}:\n${publisher.stderr}`)
      await nsqd.drained(TOPIC, CHANNEL, DRAIN_TIMEOUT_MS)
      const ended = await archiver.end()
      if (ended.code !== 0)
        throw new Error(`nsq_to_file ended with ${ended.code}:\n${archiver.stderr}`)
    } finally {
      await archiver[Symbol.asyncDispose]()
    }
    return { ...lookAt(output, run), seconds: (performance.now() - start) / 1_000 }
  } finally {
    await nsqd.stop()
  }
}

function linesOf(from: number, to: number, seed: number): string {
  let text = ''
  for (let n = from; n < to; n++) text += `${lineOf(n, seed)}\n`
  return text
}

function lookAt(folder: string, { messages, seed }: ArchiveRun): Omit<ArchiveReport, 'seconds'> {
  const counts = new Uint8Array(messages)
  const names = readdirSync(folder)
  let foreign = 0
  let torn = 0
  for (const name of names) {
    const { text, isWhole } = readArchive(readFileSync(`${folder}/${name}`))
    if (!isWhole) torn += 1
    const lines = text.split('\n')
    // After the last newline there is nothing, or the line at which a torn piece ends.
    lines.pop()
    for (const line of lines) {
      const n = Number.parseInt(line, 10)
      if (n >= 0 && n < messages && line === lineOf(n, seed))
        counts[n] = Math.min(255, counts[n]! + 1)
      else foreign += 1
    }
  }
  return {
    missing: counts.filter((count) => count === 0).length,
    repeated: counts.filter((count) => count > 1).length,
    foreign,
    files: names.length,
    torn,
  }
}

function readArchive(bytes: Buffer): { readonly text: string; readonly isWhole: boolean } {
  try {
    return { text: gunzipSync(bytes).toString(), isWhole: true }
  } catch {
    // As zcat does it: all there is, up to where it ends.
    const text = gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString()
    return { text, isWhole: false }
  }
}

export function describeArchive(report: ArchiveReport): string {
  const { missing, repeated, foreign, files, torn, seconds } = report
  return `${missing} missing, ${repeated} repeated, ${foreign} foreign; ${files} files, ${torn} torn; ${seconds.toFixed(1)} s`
}
