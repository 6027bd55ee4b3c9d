import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buildReference, ToolMissingError } from './build.ts'
import { repositoryFolder } from './folders.ts'

const START_TIMEOUT_MS = 15_000
const STOP_TIMEOUT_MS = 15_000
/** What both are told, so that their answers can be compared. */
const BROADCAST_ADDRESS = 'lookupd.test'

/** Which nsqlookupd: this repository's, or NSQ 1.3.0. */
export type LookupdBinary = 'ours' | 'reference'

export interface HttpAnswer {
  readonly status: number
  readonly body: string
  readonly contentType: string | undefined
  readonly nsqHeader: string | undefined
  readonly allow: string | undefined
  readonly location: string | undefined
}

/** A nsqlookupd process on ports of the system's choosing. Disposing of it stops it. */
export class RunningLookupd implements AsyncDisposable {
  readonly binary: LookupdBinary
  tcpPort = 0
  httpPort = 0
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })

  static async start(
    binary: LookupdBinary,
    flags: readonly string[] = [],
  ): Promise<RunningLookupd> {
    const [command, ...leading] = await commandOf(binary)
    const child = spawn(
      command,
      [
        ...leading,
        '--tcp-address=127.0.0.1:0',
        '--http-address=127.0.0.1:0',
        `--broadcast-address=${BROADCAST_ADDRESS}`,
        ...flags,
      ],
      { cwd: repositoryFolder, stdio: ['ignore', 'ignore', 'pipe'] },
    )
    const lookupd = new RunningLookupd(binary, child)
    try {
      await lookupd.#listening()
    } catch (error) {
      await lookupd.stop()
      throw error
    }
    return lookupd
  }

  private constructor(binary: LookupdBinary, child: ChildProcess) {
    this.binary = binary
    this.#process = child
    this.#exited = once(child, 'exit')
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Resolves when the process is gone, for whatever reason. */
  async exited(): Promise<void> {
    await this.#exited
  }

  http(method: string, target: string): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const { httpPort: port } = this
      const options = { host: '127.0.0.1', port, method, path: target, agent: this.#agent }
      const outgoing = request(options, (incoming) => {
        let body = ''
        incoming.setEncoding('utf8').on('data', (part: string) => (body += part))
        incoming.on('error', reject).on('end', () => {
          const { headers, statusCode = 0 } = incoming
          resolve({
            status: statusCode,
            body,
            contentType: headers['content-type'],
            nsqHeader: headers['x-nsq-content-type']?.toString(),
            allow: headers.allow,
            location: headers.location,
          })
        })
      })
      outgoing.on('error', reject)
      outgoing.end()
    })
  }

  async stop(): Promise<void> {
    this.#agent.destroy()
    if (this.isRunning) this.#process.kill('SIGTERM')
    const insist = setTimeout(() => this.#process.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await this.#exited
    clearTimeout(insist)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #listening(): Promise<void> {
    const { stderr } = this.#process
    if (stderr === null) throw new Error('nsqlookupd was started without a pipe for its log')
    return new Promise((resolve, reject) => {
      let lastLine = ''
      const giveUp = (why: string): void => {
        reject(new Error(`nsqlookupd (${this.binary}) ${why}; its log ends: ${lastLine}`))
      }
      const timer = setTimeout(giveUp, START_TIMEOUT_MS, 'does not listen')
      this.#process.once('exit', (code, signal) => giveUp(`ended with ${code ?? signal}`))
      createInterface({ input: stderr }).on('line', (line) => {
        lastLine = line
        const [, kind, port] = /(TCP|HTTP): listening on \S+:(\d+)/.exec(line) ?? []
        if (kind === 'TCP') this.tcpPort = Number(port)
        if (kind === 'HTTP') this.httpPort = Number(port)
        if (this.tcpPort === 0 || this.httpPort === 0) return
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

async function commandOf(binary: LookupdBinary): Promise<[string, ...string[]]> {
  if (binary === 'reference') return [await buildReference('nsqlookupd')]
  const entry = join(repositoryFolder, 'packages', 'nsqlookupd', 'dist', 'src', 'index.js')
  if (!existsSync(entry)) throw new ToolMissingError('Our nsqlookupd is missing: it is not built.')
  const code = `import { main } from ${JSON.stringify(entry)}; await main(process.argv.slice(1))`
  return [process.execPath, '--input-type=module', '--eval', code, '--']
}
