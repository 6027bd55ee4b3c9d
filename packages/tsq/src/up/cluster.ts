import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { type DataPathLock, hostPort, lockDataPath, StartupError } from '@tsq/daemon'

import { nsqadminPorts, type Ports, portsOf, type UpOptions } from './options.ts'
import { type ProcessEvents, SupervisedProcess } from './supervised.ts'

const STATE_FILE = 'tsq-up.json'
const BINARIES = path.join(import.meta.dirname, '../../../bin')
/** A cluster on one machine is for trying things out: what is new should be in the archive soon. */
const ARCHIVE_FLAGS = [
  '--topic-pattern=.*',
  '--topic-refresh=5s',
  '--consumer-opt=lookupd_poll_interval,5s',
  '--sync-interval=5s',
]

/** What `tsq status` and `tsq down` know of a cluster. */
export interface ClusterState {
  /** The process of `tsq up`. */
  readonly pid: number
  readonly daemons: readonly {
    readonly name: string
    readonly state: string
    readonly pid: number | undefined
    readonly host: string
    /** Undefined where it doesn't listen. */
    readonly tcp?: number
    readonly http?: number
    readonly restarts: number
  }[]
}

export function stateFile(dataFolder: string): string {
  return path.join(dataFolder, STATE_FILE)
}

/** The daemons and tools of one machine's cluster, each a process of its own, over one folder. */
export class Cluster {
  readonly dataFolder: string
  readonly host: string
  readonly #lookupds: SupervisedProcess[] = []
  readonly #nodes: SupervisedProcess[] = []
  /** What uses the others: nsqadmin and the archiver. */
  readonly #users: SupervisedProcess[] = []
  readonly #lock: DataPathLock
  readonly #options: UpOptions
  readonly #events: ProcessEvents
  #closing: Promise<void> | undefined

  /**
   * Starts nsqlookupd first, then nsqd, then what uses them. What was started is stopped again when one of them fails.
   *
   * @param until `stop` gives it up, `kill` does so at once.
   * @returns undefined when it was stopped before all of it was up.
   * @throws {StartupError} when another cluster has the folder, or a process does not start.
   */
  static async start(
    options: UpOptions,
    events: ProcessEvents,
    until: { readonly stop: AbortSignal; readonly kill: AbortSignal },
  ): Promise<Cluster | undefined> {
    const dataFolder = madeFolder(options.data)
    if (options.archive !== '') madeFolder(options.archive)
    const cluster = new Cluster(options, dataFolder, await lockDataPath(dataFolder), events)
    until.stop.addEventListener('abort', () => void cluster.close(), { once: true })
    until.kill.addEventListener('abort', () => cluster.#kill(), { once: true })
    try {
      await cluster.#startAll(until.stop)
    } catch (error) {
      await cluster.close()
      if (until.stop.aborted) return undefined
      throw new StartupError(asText(error))
    }
    return cluster
  }

  private constructor(
    options: UpOptions,
    dataFolder: string,
    lock: DataPathLock,
    events: ProcessEvents,
  ) {
    this.#options = options
    this.dataFolder = dataFolder
    this.host = options.bind
    this.#lock = lock
    this.#events = {
      onLine: (process, line) => events.onLine(process, line),
      onState: (process) => {
        this.#writeState()
        events.onState(process)
      },
    }
  }

  /** In the order they start. */
  get processes(): readonly SupervisedProcess[] {
    return [...this.#lookupds, ...this.#nodes, ...this.#users]
  }

  async #startAll(stop: AbortSignal): Promise<void> {
    const { nsqlookupd, nsqd, basePort } = this.#options
    for (let i = 0; i < nsqlookupd; i++) {
      const ports = portsOf('nsqlookupd', i, basePort)
      this.#lookupds.push(
        this.#make(`nsqlookupd-${i + 1}`, 'nsqlookupd', ports, (bound) => this.#listening(bound)),
      )
    }
    await startTogether(this.#lookupds)
    stop.throwIfAborted()
    for (let i = 0; i < nsqd; i++) this.#nodes.push(this.#makeNode(i))
    await startTogether(this.#nodes)
    stop.throwIfAborted()
    if (this.#options.archive !== '') this.#users.push(this.#makeArchiver())
    if (this.#options.nsqadmin) this.#users.push(this.#makeNsqadmin())
    await startTogether(this.#users)
    stop.throwIfAborted()
    this.#writeState()
  }

  #makeNode(index: number): SupervisedProcess {
    const name = `nsqd-${index + 1}`
    const dataPath = path.join(this.dataFolder, name)
    mkdirSync(dataPath, { recursive: true })
    return this.#make(name, 'nsqd', portsOf('nsqd', index, this.#options.basePort), (bound) => [
      ...this.#listening(bound),
      `--data-path=${dataPath}`,
      `--node-id=${index}`,
      `--ack-after=${this.#options.ackAfter}`,
      ...this.#lookupds.map(
        ({ ports }) => `--lookupd-tcp-address=${hostPort(this.host, ports.tcp ?? 0)}`,
      ),
    ])
  }

  #makeArchiver(): SupervisedProcess {
    const folder = path.resolve(this.#options.archive)
    return this.#make('archiver', 'nsq_to_file', {}, () => [
      `--output-dir=${folder}`,
      ...ARCHIVE_FLAGS,
      ...this.#lookupdHttpFlags(),
    ])
  }

  #makeNsqadmin(): SupervisedProcess {
    return this.#make('nsqadmin', 'nsqadmin', nsqadminPorts(this.#options.basePort), (bound) => {
      const nsqd = this.#nodes.map(
        ({ ports }) => `--nsqd-http-address=${hostPort(this.host, ports.http ?? 0)}`,
      )
      return [
        `--http-address=${hostPort(this.host, bound.http ?? 0)}`,
        ...(this.#lookupds.length > 0 ? this.#lookupdHttpFlags() : nsqd),
      ]
    })
  }

  #lookupdHttpFlags(): string[] {
    return this.#lookupds.map(
      ({ ports }) => `--lookupd-http-address=${hostPort(this.host, ports.http ?? 0)}`,
    )
  }

  #listening({ tcp = 0, http = 0 }: Ports): string[] {
    return [
      `--tcp-address=${hostPort(this.host, tcp)}`,
      `--http-address=${hostPort(this.host, http)}`,
      `--broadcast-address=${this.host}`,
    ]
  }

  /** @param command a file name in `bin/`, without the ending. */
  #make(
    name: string,
    command: string,
    ports: Ports,
    args: (ports: Ports) => readonly string[],
  ): SupervisedProcess {
    const program = path.join(BINARIES, `${command}.js`)
    return new SupervisedProcess({ name, program, ports, args }, this.#events)
  }

  get state(): ClusterState {
    return {
      pid: process.pid,
      daemons: this.processes.map(({ name, state, pid, ports, restarts }) => ({
        name,
        state,
        pid,
        host: this.host,
        ...ports,
        restarts,
      })),
    }
  }

  #writeState(): void {
    // Whoever reads it must never see half of it.
    const file = stateFile(this.dataFolder)
    writeFileSync(`${file}.tmp`, `${JSON.stringify(this.state, undefined, 2)}\n`)
    renameSync(`${file}.tmp`, file)
  }

  /** Stops what uses the nsqd, then these, then what they are registered with. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown()
    return this.#closing
  }

  async #shutDown(): Promise<void> {
    await Promise.all(this.#users.map((process) => process.stop()))
    await Promise.all(this.#nodes.map((process) => process.stop()))
    await Promise.all(this.#lookupds.map((process) => process.stop()))
    rmSync(stateFile(this.dataFolder), { force: true })
    await this.#lock.release()
  }

  /** Ends what is still there at once; `close` then comes to its end. */
  #kill(): void {
    void this.close()
    for (const process of this.processes) process.kill()
  }
}

function startTogether(processes: readonly SupervisedProcess[]): Promise<unknown> {
  return Promise.all(processes.map((process) => process.start()))
}

function madeFolder(given: string): string {
  const folder = path.resolve(given)
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new StartupError(`cannot make the folder ${folder}: ${asText(error)}`)
  }
  return folder
}

function asText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
