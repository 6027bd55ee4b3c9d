// A short exchange of messages by a client with TLS, compression, sampling or AUTH, against our nsqd and the
// reference: what was negotiated is really spoken, and everything comes back whole.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { secretFor, startAuthServer } from './auth-server.ts'
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
    readonly auth_identity?: string
  }[]
}

export interface Exchange {
  readonly name: string
  readonly isTls?: boolean
  readonly deflate?: number
  readonly isSnappy?: boolean
  readonly sampleRate?: number
  /** nsqd asks an auth server, and the client has a secret. */
  readonly isAuthorized?: boolean
}

const TOPIC = 'exchange'
const CHANNEL = 'exchange'
const IDENTITY = 'bob & co'
/** Allows what the exchange needs, and nothing else. */
const SECRET = secretFor('secret of ours', [
  {
    status: 200,
    body: JSON.stringify({
      ttl: 60,
      identity: IDENTITY,
      authorizations: [
        { topic: `^${TOPIC}$`, channels: [`^${CHANNEL}$`], permissions: ['subscribe'] },
        { topic: `^${TOPIC}$`, channels: ['^$'], permissions: ['publish'] },
      ],
    }),
  },
])

const exchanges: readonly Exchange[] = [
  { name: 'nothing' },
  { name: 'TLS', isTls: true },
  { name: 'deflate', deflate: 6 },
  { name: 'deflate level 1', deflate: 1 },
  { name: 'snappy', isSnappy: true },
  { name: 'TLS and deflate', isTls: true, deflate: 6 },
  { name: 'TLS and snappy', isTls: true, isSnappy: true },
  { name: 'a sample rate', sampleRate: SAMPLE_RATE },
  { name: 'AUTH', isAuthorized: true },
  { name: 'AUTH over TLS', isAuthorized: true, isTls: true },
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
          if (exchange.isAuthorized === true) {
            const authServer = await startAuthServer()
            t.after(() => authServer[Symbol.asyncDispose]())
            flags.push(`--auth-http-address=${authServer.addressFor(binary)}`)
          }
          const nsqd = await prepareOrSkip(t, () => startNsqd({ binary, flags }))
          if (nsqd === undefined) return
          t.after(() => nsqd.stop())

          const [program, ...leading] = command
          const args = [
            ...leading,
            `--nsqd-tcp-address=${nsqd.tcpAddress}`,
            `--nsqd-http-address=${nsqd.httpAddress}`,
            `--topic=${TOPIC}`,
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

function flagsOf(exchange: Exchange, cert: string): string[] {
  const { isTls, deflate, isSnappy, sampleRate, isAuthorized } = exchange
  return [
    ...(isAuthorized === true ? [`--auth-secret=${SECRET}`] : []),
    ...(isTls === true ? [`--tls-ca=${cert}`] : []),
    ...(deflate === undefined ? [] : [`--deflate=${deflate}`]),
    ...(isSnappy === true ? ['--snappy'] : []),
    ...(sampleRate === undefined ? [] : [`--sample-rate=${sampleRate}`]),
  ]
}

function check(report: Report, exchange: Exchange): void {
  const { isTls, deflate, isSnappy, sampleRate, isAuthorized } = exchange
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
      auth_identity: connection.auth_identity,
    },
    {
      tls: isTls === true,
      deflate: deflate !== undefined,
      snappy: isSnappy === true,
      sample_rate: sampleRate ?? 0,
      auth_identity: isAuthorized === true ? IDENTITY : undefined,
    },
  )
}
