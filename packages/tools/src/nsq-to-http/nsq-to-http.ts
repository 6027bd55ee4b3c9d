// A consumer whose messages become HTTP requests. A message is finished once its request was answered with success, by one
// endpoint or by all of them, and is requeued otherwise.

import { readFileSync } from 'node:fs'
import type { Consumer, Message } from '@tsq/client'

import { makeConsumer, startConsumer } from '../common/clients.ts'
import { FatalError } from '../common/fatal-error.ts'
import { libraryLogger, logLine } from '../common/go-log.ts'
import { versionText } from '../common/identity.ts'
import { NotDelivered, type Delivery } from '../delivery/delivery.ts'
import { LatencyReports } from '../delivery/latency-report.ts'
import { Outlets, type Outlet } from '../delivery/outlets.ts'
import { poolOf } from '../delivery/pools.ts'
import { ToAll } from '../delivery/to-all.ts'
import { ToOne } from '../delivery/to-one.ts'
import { TrafficLine } from '../delivery/traffic-line.ts'
import { GetEndpoint, PostEndpoint } from './endpoint.ts'
import { HeaderTemplate, parseHeader, type Header } from './headers.ts'
import { HttpClient, type HttpClientSettings } from './http-request.ts'
import type { NsqToHttpOptions } from './options.ts'
import { isSampled } from './sample.ts'

const PROGRAM = 'nsq_to_http'

export class NsqToHttp {
  readonly #consumer: Consumer
  readonly #clients: readonly HttpClient[]
  readonly #delivery: Delivery<Message>
  readonly #line: TrafficLine
  readonly #stop = new AbortController()

  /** @throws {FatalError} */
  static async start(values: NsqToHttpOptions): Promise<NsqToHttp> {
    const tool = new NsqToHttp(values)
    const isWanted = ({ id }: Message): boolean => isSampled(id, values.sample)
    await startConsumer(
      tool.#consumer,
      (message) => (isWanted(message) ? tool.#send(message) : undefined),
      values.nsqdTcpAddresses,
    )
    return tool
  }

  private constructor(values: NsqToHttpOptions) {
    const { topic, channel, concurrency } = values
    const endpoints = endpointsOf(values)
    this.#clients = endpoints.map(({ client }) => client)
    this.#consumer = makeConsumer(
      { program: PROGRAM, topic, channel },
      values,
      // A message that nobody takes stays in its queue, however often it was tried.
      { maxAttempts: 0 },
      // A round over several endpoints may well take longer than nsqd waits.
      { concurrency, autoTouch: true },
    )
    this.#line = new TrafficLine('sent', () => this.#consumer.stats.messagesInFlight)
    this.#delivery = this.#makeDelivery(
      values,
      endpoints.map(({ outlet }) => outlet),
    )
  }

  /** Waits for the requests that run and puts back what has not been begun. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#consumer.close()
    for (const client of this.#clients) client.close()
    this.#line.stop()
  }

  #makeDelivery(
    { mode, statusEvery, concurrency, retries }: NsqToHttpOptions,
    endpoints: readonly Outlet<Message>[],
  ): Delivery<Message> {
    const names = endpoints.map(({ name }) => name)
    const reports = new LatencyReports(names, statusEvery, logLine)
    const logger = libraryLogger()
    const outlets = new Outlets(endpoints, concurrency, {
      onSent: (index, tookMs) => reports.add(index, tookMs),
      onFailed: (index, error) => logger.warn(`(${names[index]}) ${error.message}`),
    })
    const pool = poolOf(mode, { size: endpoints.length })
    return pool === undefined
      ? new ToAll({ outlets, retries })
      : new ToOne({ outlets, pool, retries })
  }

  async #send(message: Message): Promise<void> {
    try {
      await this.#delivery.deliver(message, `${message.address}/${message.id}`, this.#stop.signal)
      this.#line.done()
    } catch (error) {
      this.#line.failed()
      if (!(error instanceof NotDelivered) || !error.isPartly) throw error
      // Those that took it shall not wait for those that did not.
      message.requeue(-1, { backoff: false })
    }
  }
}

interface Endpoint {
  readonly outlet: Outlet<Message>
  readonly client: HttpClient
}

function endpointsOf(values: NsqToHttpOptions): readonly Endpoint[] {
  const { post, get, contentType } = values
  const isPost = post.length > 0
  const own = [
    { name: 'User-Agent', value: versionText(PROGRAM) },
    { name: 'Accept-Encoding', value: 'gzip' },
    ...(isPost ? [{ name: 'Content-Type', value: contentType }] : []),
  ]
  const given = values.headers.map(parseHeader).filter((header): header is Header => !!header)
  const headers = new HeaderTemplate(values, own, given)
  const settings: HttpClientSettings = {
    maxSockets: values.concurrency,
    connectTimeoutMs: values.connectTimeoutMs,
    requestTimeoutMs: values.requestTimeoutMs,
    tls: tlsOf(values),
  }
  // Each has its own connections, so that none waits for those of another.
  return (isPost ? post : get).map((url) => {
    const client = new HttpClient(settings)
    const outlet = isPost
      ? new PostEndpoint(url, headers, client)
      : new GetEndpoint(url, headers, client)
    return { outlet, client }
  })
}

function tlsOf(values: NsqToHttpOptions): HttpClientSettings['tls'] {
  const { tlsRootCaFile, tlsCert, tlsKey } = values
  return {
    rejectUnauthorized: !values.tlsInsecureSkipVerify,
    ...(tlsRootCaFile !== '' && { ca: readPem('tls-root-ca-file', tlsRootCaFile) }),
    ...(tlsCert !== '' && { cert: readPem('tls-cert', tlsCert), key: readPem('tls-key', tlsKey) }),
  }
}

/** @throws {FatalError} */
function readPem(flag: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new FatalError(`--${flag}: ${(error as Error).message}`, { cause: error })
  }
}
