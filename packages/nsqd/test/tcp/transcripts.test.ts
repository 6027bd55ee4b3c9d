// Each session of transcripts/*.txt, its input sent whole, byte by byte, and cut at random places.
//
//   TSQ_TRANSCRIPTS=rewrite   writes what nsqd answers into the files, to be read before it is committed
//   TSQ_TRANSCRIPTS=host:port plays the sessions on an nsqd that is there already, started with the same limits

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'

import { Random } from '@tsq/testing'
import { runNsqd } from './running.ts'
import {
  parseTranscript,
  playSession,
  printSession,
  printTranscript,
  type Splitter,
} from './transcript.ts'

const folder = path.resolve(import.meta.dirname, '../../../test/tcp/transcripts')
const mode = process.env['TSQ_TRANSCRIPTS'] ?? ''
const isRewriting = mode === 'rewrite'
/** Longer inputs are not sent byte by byte: that would only take its time. */
const MAX_SINGLE_BYTES = 600
const SEEDS = [1, 2]

const whole: Splitter = (bytes) => [bytes]

const byBytes: Splitter = (bytes) => {
  const step = bytes.length > MAX_SINGLE_BYTES ? 997 : 1
  return Array.from({ length: Math.ceil(bytes.length / step) }, (_, i) =>
    bytes.subarray(i * step, (i + 1) * step),
  )
}

function atRandom(seed: number): Splitter {
  const random = new Random(seed)
  return (bytes) => {
    const pieces: Buffer[] = []
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + random.below(Math.max(2, bytes.length >> 1))
      pieces.push(bytes.subarray(at, end))
      at = end
    }
    return pieces
  }
}

const splitters: readonly (readonly [name: string, split: Splitter])[] = isRewriting
  ? [['whole', whole]]
  : [
      ['whole', whole],
      ['byte by byte', byBytes],
      ...SEEDS.map((seed) => [`cut with seed ${seed}`, atRandom(seed)] as const),
    ]

for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt'))) {
  const transcript = parseTranscript(readFileSync(path.join(folder, file), 'utf8'))
  void suite(`transcript ${file}`, { concurrency: true }, () => {
    for (const [name, split] of splitters) {
      void test(`answers as written down when sent ${name}`, async (t) => {
        const address = mode.includes(':')
          ? mode
          : (await runNsqd(t, transcript.options)).tcpAddress
        const seen = []
        for (const session of transcript.sessions) {
          const played = await playSession(address, session, split, isRewriting)
          seen.push(played)
          if (!isRewriting) assert.equal(printSession(played), printSession(session))
        }
        if (isRewriting) {
          writeFileSync(path.join(folder, file), printTranscript({ ...transcript, sessions: seen }))
        }
      })
    }
  })
}
