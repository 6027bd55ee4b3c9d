// A short exchange of messages by a client with TLS, compression or sampling, against our nsqd and the
// reference: what was negotiated is really spoken, and everything comes back whole.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { makeCertificate } from './certificate.ts'
import type { Client } from './clients.ts'
import { type NsqdBinary, nsqdBinaries, startNsqd } from './nsqd.ts'
import { prepareOrSkip } from './skip.ts'

const MESSAGES = 1_000
const LARGE_BYTES = 100_000
const TIMEOUT_MS = 40_000
const SAMPLE_RATE = 40
/** Of 1,000 messages at 40 % fewer or more than this are delivered once in many billions of runs. */
const SAMPLED = { least: 300, most: 500 }

interface Report {
  readonly received: number
  readonly distinct: number
  readonly corrupt: number
  readonly connections: readonly {
    readonly tls: boolean
    readonly deflate: boolean
    readonly snappy: boolean
    readonly sample_rate: number
  }[]
}

export interface Exchange {
  readonly name: string
  readonly isTls?: boolean
  readonly deflate?: number
  readonly isSnappy?: boolean
  readonly sampleRate?: number
}

const exchanges: readonly Exchange[] = [
  { name: 'nothing' },
  { name: 'TLS', isTls: true },
  { name: 'deflate', deflate: 6 },
  { name: 'deflate level 1', deflate: 1 },
  { name: 'snappy', isSnappy: true },
  { name: 'TLS and deflate', isTls: true, deflate: 6 },
  { name: 'TLS and snappy', isTls: true, isSnappy: true },
  { name: 'a sample rate', sampleRate: SAMPLE_RATE },
]

/** @param why says of what a client can't do at all, or not with the reference, why it is skipped. */
export function testExchanges(
  client: Client,
  why: (exchange: Exchange, binary: NsqdBinary) => string | undefined = () => undefined,
): void {
  void suite(`${client.name} ${client.version}`, () => {
    for (const exchange of exchanges) {
      for (const binary of ['ours', 'reference'] as const) {
        const title = `with ${exchange.name} exchanges messages with ${nsqdBinaries[binary]}`
        void test(title, { skip: why(exchange, binary) ?? false }, async (t) => {
          const command = await prepareOrSkip(t, () => client.prepareExchange(exchange))
          if (command === undefined) return
          const certificate = await prepareOrSkip(t, makeCertificate)
          if (certificate === undefined) return
          t.after(() => certificate.remove())
          const { cert, key } = certificate
          const flags = [`--tls-cert=${cert}`, `--tls-key=${key}`, '--https-address=']
          const nsqd = await prepareOrSkip(t, () => startNsqd({ binary, flags }))
          if (nsqd === undefined) return
          t.after(() => nsqd.stop())

          const [program, ...leading] = command
          const args = [
            ...leading,
            `--nsqd-tcp-address=${nsqd.tcpAddress}`,
            `--nsqd-http-address=${nsqd.httpAddress}`,
            '--topic=exchange',
            `--messages=${MESSAGES}`,
            `--large-bytes=${LARGE_BYTES}`,
            ...flagsOf(exchange, cert),
          ]
          const { stdout } = await promisify(execFile)(program, args, { timeout: TIMEOUT_MS })
          const report: Report = JSON.parse(stdout)
          check(report, exchange)
          await nsqd.stop()
        })
      }
    }
  })
}

function flagsOf({ isTls, deflate, isSnappy, sampleRate }: Exchange, cert: string): string[] {
  return [
    ...(isTls === true ? [`--tls-ca=${cert}`] : []),
    ...(deflate === undefined ? [] : [`--deflate=${deflate}`]),
    ...(isSnappy === true ? ['--snappy'] : []),
    ...(sampleRate === undefined ? [] : [`--sample-rate=${sampleRate}`]),
  ]
}

function check(report: Report, { isTls, deflate, isSnappy, sampleRate }: Exchange): void {
  assert.equal(report.corrupt, 0)
  assert.equal(report.received, report.distinct)
  if (sampleRate === undefined) {
    assert.equal(report.received, MESSAGES)
  } else {
    const { least, most } = SAMPLED
    assert.ok(report.received > least && report.received < most, `${report.received} sampled`)
  }
  const [connection] = report.connections
  assert.ok(connection)
  assert.deepEqual(
    {
      tls: connection.tls,
      deflate: connection.deflate,
      snappy: connection.snappy,
      sample_rate: connection.sample_rate,
    },
    {
      tls: isTls === true,
      deflate: deflate !== undefined,
      snappy: isSnappy === true,
      sample_rate: sampleRate ?? 0,
    },
  )
}
