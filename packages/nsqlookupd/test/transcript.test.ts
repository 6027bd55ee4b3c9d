import assert from 'node:assert/strict'
import os from 'node:os'
import { after, before, suite, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import type { Nsqlookupd } from '../src/nsqlookupd.ts'
import { startLookupd } from './support/lookupd.ts'
import { identifyBytes, Peer } from './support/peer.ts'
import { transcripts } from './transcripts.ts'

/** How a session's bytes are sent. */
const splits: Readonly<Record<string, (peer: Peer, bytes: Buffer) => Promise<void>>> = {
  whole: async (peer, bytes) => peer.send(bytes),
  'byte by byte': async (peer, bytes) => {
    for (const byte of bytes) {
      peer.send(Buffer.of(byte))
      // Lets the other end, which lives in this process, read each byte alone.
      await turn()
    }
  },
}

function bytesOf(line: string): Buffer {
  if (line.startsWith('>> ')) {
    const text = line
      .slice(3)
      .replace(/\\x(..)|\\(n|0)/g, (_, hex: string | undefined, short: string) =>
        hex === undefined ? (short === 'n' ? '\n' : '\0') : String.fromCharCode(Number(`0x${hex}`)),
      )
    return Buffer.from(text, 'latin1')
  }
  const text = line.slice(2)
  const body = /^IDENTIFY (.*)$/s.exec(text)?.[1]
  return body === undefined ? Buffer.from(`${text}\n`) : identifyBytes(body)
}

async function play(lookupd: Nsqlookupd, session: string, split: string): Promise<void> {
  using peer = await Peer.connect(lookupd.tcpAddress)
  const say = splits[split] ?? assert.fail()
  for (const line of session.trimStart().split('\n')) {
    if (line.startsWith('>')) {
      await say(peer, bytesOf(line))
    } else if (line.startsWith('<')) {
      const expected = line
        .slice(2)
        .replace('HOSTNAME', os.hostname())
        .replace('HTTP_PORT', String(lookupd.httpPort))
        .replace('TCP_PORT', String(lookupd.tcpPort))
      assert.equal(await peer.answer(), expected)
    } else if (line === 'end') {
      peer.end()
    } else {
      assert.equal(line, '.')
      assert.equal(await peer.answer(), undefined)
    }
  }
}

for (const split of Object.keys(splits)) {
  void suite(`TCP V1 sessions, sent ${split}`, () => {
    let lookupd: Nsqlookupd
    before(async () => {
      lookupd = await startLookupd()
    })
    after(() => lookupd.close())
    for (const [name, session] of Object.entries(transcripts)) {
      void test(name, { timeout: 20_000 }, () => play(lookupd, session, split))
    }
  })
}
