import type { TestContext } from 'node:test'

import { createLogger } from '@tsq/daemon'

import { Nsqadmin, type NsqadminOptions } from '../../src/index.ts'
import { FakeCluster, type FakeClusterOptions } from './fake-cluster.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Of a JSON answer; undefined for any other. */
  readonly json: Readonly<Record<string, unknown>>
}

/** A nsqadmin on a port of the system's choosing, gone when the test is over. */
export class TestAdmin {
  readonly admin: Nsqadmin
  readonly lines: readonly string[]

  private constructor(admin: Nsqadmin, lines: readonly string[]) {
    this.admin = admin
    this.lines = lines
  }

  static async start(t: TestContext, options: Partial<NsqadminOptions>): Promise<TestAdmin> {
    const lines: string[] = []
    const logger = createLogger({ destination: { write: (line) => void lines.push(line) } })
    const admin = await Nsqadmin.start(
      { httpAddress: '127.0.0.1:0', httpClientRequestTimeoutMs: 1_000, ...options },
      logger,
    )
    t.after(() => admin.close())
    return new TestAdmin(admin, lines)
  }

  get url(): string {
    return `http://${this.admin.httpAddress}`
  }

  async ask(
    line: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const [method = 'GET', target = '/'] = line.split(' ')
    const response = await fetch(this.url + target, {
      method,
      headers,
      redirect: 'manual',
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') === true
    const json: Answer['json'] = isJson ? (JSON.parse(text) as Answer['json']) : {}
    return { status: response.status, headers: response.headers, text, json }
  }

  /** Status and message of an answer. */
  async outcome(
    line: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<readonly [number, unknown]> {
    const { status, json } = await this.ask(line, body, headers)
    return [status, json['message']]
  }
}

/** A fake cluster and a nsqadmin that watches it. */
export async function watched(
  t: TestContext,
  options: Partial<NsqadminOptions> = {},
  size?: FakeClusterOptions,
): Promise<{ readonly cluster: FakeCluster; readonly admin: TestAdmin }> {
  const cluster = await FakeCluster.start(size)
  t.after(() => cluster.close())
  const admin = await TestAdmin.start(t, {
    lookupdHttpAddresses: [cluster.lookupdAddress],
    ...options,
  })
  return { cluster, admin }
}
