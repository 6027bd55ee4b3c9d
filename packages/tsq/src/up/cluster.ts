import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { type DataPathLock, lockDataPath, StartupError } from '@tsq/daemon'

import { portsOf, type UpOptions } from './options.ts'
import { type DaemonEvents, SupervisedDaemon } from './supervised.ts'

const STATE_FILE = 'tsq-up.json'

/** What `tsq status` and `tsq down` know of a cluster. */
export interface ClusterState {
  /** The process of `tsq up`. */
  readonly pid: number
  readonly daemons: readonly {
    readonly name: string
    readonly state: string
    readonly pid: number | undefined
    readonly host: string
    readonly tcp: number
    readonly http: number
    readonly restarts: number
  }[]
}

export function stateFile(dataFolder: string): string {
  return path.join(dataFolder, STATE_FILE)
}

/** The daemons of one machine's cluster, each a process of its own, over one folder. */
export class Cluster {
  readonly daemons: SupervisedDaemon[] = []
  readonly dataFolder: string
  readonly host: string
  readonly #lock: DataPathLock
  readonly #options: UpOptions
  readonly #events: DaemonEvents
  #closing: Promise<void> | undefined

  /**
   * Starts nsqlookupd first, then nsqd. What was started is stopped again when one of them fails.
   *
   * @throws {StartupError} when another cluster has the folder, or a daemon does not start.
   */
  static async start(options: UpOptions, events: DaemonEvents): Promise<Cluster> {
    const dataFolder = path.resolve(options.data)
    try {
      mkdirSync(dataFolder, { recursive: true })
    } catch (error) {
      throw new StartupError(`cannot make the data folder ${dataFolder}: ${asText(error)}`)
    }
    const cluster = new Cluster(options, dataFolder, await lockDataPath(dataFolder), events)
    try {
      await cluster.#startAll()
    } catch (error) {
      await cluster.close()
      throw new StartupError(asText(error))
    }
    return cluster
  }

  private constructor(
    options: UpOptions,
    dataFolder: string,
    lock: DataPathLock,
    events: DaemonEvents,
  ) {
    this.#options = options
    this.dataFolder = dataFolder
    this.host = options.bind
    this.#lock = lock
    this.#events = {
      onLine: (daemon, line) => events.onLine(daemon, line),
      onState: (daemon) => {
        this.#writeState()
        events.onState(daemon)
      },
    }
  }

  async #startAll(): Promise<void> {
    const { nsqlookupd, nsqd, basePort } = this.#options
    for (let i = 0; i < nsqlookupd; i++) {
      this.#add('nsqlookupd', i, (ports) => [
        `--tcp-address=${this.host}:${ports.tcp}`,
        `--http-address=${this.host}:${ports.http}`,
        `--broadcast-address=${this.host}`,
      ])
    }
    await Promise.all(this.daemons.map((daemon) => daemon.start()))
    const lookupds = this.daemons.map(({ ports }) => `${this.host}:${ports.tcp}`)
    const nodes: SupervisedDaemon[] = []
    for (let i = 0; i < nsqd; i++) {
      const dataPath = path.join(this.dataFolder, `nsqd-${i + 1}`)
      mkdirSync(dataPath, { recursive: true })
      const node = this.#add('nsqd', i, (ports) => [
        `--tcp-address=${this.host}:${ports.tcp}`,
        `--http-address=${this.host}:${ports.http}`,
        `--broadcast-address=${this.host}`,
        `--data-path=${dataPath}`,
        `--node-id=${i}`,
        `--ack-after=${this.#options.ackAfter}`,
        ...lookupds.map((address) => `--lookupd-tcp-address=${address}`),
      ])
      nodes.push(node)
    }
    await Promise.all(nodes.map((daemon) => daemon.start()))
    if (basePort === 0) this.#writeState()
  }

  #add(
    kind: 'nsqd' | 'nsqlookupd',
    index: number,
    args: (ports: { tcp: number; http: number }) => readonly string[],
  ): SupervisedDaemon {
    const daemon = new SupervisedDaemon(
      {
        name: `${kind}-${index + 1}`,
        program: path.join(import.meta.dirname, `../../../bin/${kind}.js`),
        ports: portsOf(kind, index, this.#options.basePort),
        args,
      },
      this.#events,
    )
    this.daemons.push(daemon)
    return daemon
  }

  get state(): ClusterState {
    return {
      pid: process.pid,
      daemons: this.daemons.map(({ name, state, pid, ports, restarts }) => ({
        name,
        state,
        pid,
        host: this.host,
        tcp: ports.tcp,
        http: ports.http,
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

  /** Stops the nsqd, then what they are registered with. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown()
    return this.#closing
  }

  async #shutDown(): Promise<void> {
    await Promise.all(this.daemons.filter(isNode).map((daemon) => daemon.stop()))
    await Promise.all(
      this.daemons.filter((daemon) => !isNode(daemon)).map((daemon) => daemon.stop()),
    )
    rmSync(stateFile(this.dataFolder), { force: true })
    await this.#lock.release()
  }
}

function isNode(daemon: SupervisedDaemon): boolean {
  return daemon.name.startsWith('nsqd-')
}

function asText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
