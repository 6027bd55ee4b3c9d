// `tsq up`, `tsq down` and `tsq status`.

import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

import {
  DataPathError,
  hostPort,
  lockDataPath,
  type OptionRules,
  type OptionsOf,
  type OptionTable,
  resolveOptions,
} from '@tsq/daemon'

import { Cluster, type ClusterState, stateFile } from './cluster.ts'
import { clusterOptions, type Ports, upOptions, upRules } from './options.ts'
import { Screen } from './screen.ts'

const PING_LIMIT_MS = 2_000
/** nsqadmin and consumers ask every few seconds: their questions, answered as ever, would bury the rest of the log. */
const POLLED = / INFO: 200 GET \//
/** npm and npx pass on a Ctrl-C that the terminal has sent us already. */
const SAME_SIGNAL_MS = 500
const DOWN_LIMIT_MS = 60_000
const DOWN_POLL_MS = 100

/** Runs a cluster until Ctrl-C or `tsq down`. */
export async function up(argv: readonly string[]): Promise<void> {
  const options = resolve(upOptions, 'tsq up', argv, upRules)
  if (options === undefined) return
  const screen = new Screen()
  const stop = new AbortController()
  const kill = new AbortController()
  let stoppedAt = 0
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) {
        if (performance.now() - stoppedAt < SAME_SIGNAL_MS) return
        screen.text('killing what is left')
        process.exitCode = 1
        kill.abort()
        return
      }
      screen.text('stopping; once more to kill')
      stoppedAt = performance.now()
      stop.abort()
    })
  }
  try {
    const cluster = await Cluster.start(
      options,
      {
        onLine: (one, line) => {
          if (!POLLED.test(line)) screen.line(one, line)
        },
        onState: (one) => screen.state(one),
      },
      { stop: stop.signal, kill: kill.signal },
    )
    if (cluster === undefined) return
    screen.text(welcome(cluster))
    screen.show(cluster.processes)
    if (!stop.signal.aborted) await once(stop.signal, 'abort')
    await cluster.close()
    screen.close()
  } catch (error) {
    process.stderr.write(`tsq up: ${(error as Error).message}\n`)
    process.exitCode = 1
  }
}

function welcome(cluster: Cluster): string {
  const nsqd = cluster.processes.find(({ name }) => name === 'nsqd-1')!
  const { tcp = 0, http = 0 } = nsqd.ports
  const { host } = cluster
  const isUsual = cluster.dataFolder === path.resolve(clusterOptions.data.default)
  const stopLine = isUsual ? 'npx tsq down' : `npx tsq down --data=${cluster.dataFolder}`
  const at = tcp === 4150 ? '' : ` --nsqd-tcp-address=${hostPort(host, tcp)}`
  const lines = [
    '',
    ...cluster.processes.map(({ name, ports }) => `  ${name.padEnd(14)} ${placesOf(host, ports)}`),
    `  data           ${cluster.dataFolder}`,
    '',
    'From another terminal, consume and publish:',
    `  npx tsq tail${at} greetings`,
    `  npx tsq pub${at} greetings "hello world"`,
    `  curl -d "hello world" "http://${hostPort(host, http)}/pub?topic=greetings"`,
    '',
    `Ctrl-C or "${stopLine}" stops it; what was published stays.`,
    '',
  ]
  return lines.join('\n')
}

/** Where it listens, in words; empty for what doesn't. */
function placesOf(host: string, { tcp, http }: Ports): string {
  const places: string[] = []
  if (tcp !== undefined) places.push(`tcp ${hostPort(host, tcp)}`)
  if (http !== undefined) places.push(`http://${hostPort(host, http)}`)
  return places.join('  ')
}

/** Stops the cluster over a folder and waits until it is down. */
export async function down(argv: readonly string[]): Promise<void> {
  const options = resolve(clusterOptions, 'tsq down', argv)
  if (options === undefined) return
  const state = await readState(options.data)
  if (state === undefined) {
    process.stdout.write(`no cluster runs on ${path.resolve(options.data)}\n`)
    return
  }
  try {
    process.kill(state.pid, 'SIGTERM')
  } catch (error) {
    process.stderr.write(
      `tsq down: cannot stop process ${state.pid}: ${(error as Error).message}\n`,
    )
    process.exitCode = 1
    return
  }
  const deadline = Date.now() + DOWN_LIMIT_MS
  while (isAlive(state.pid)) {
    if (Date.now() > deadline) {
      process.stderr.write(`tsq down: process ${state.pid} is still there after a minute\n`)
      process.exitCode = 1
      return
    }
    await new Promise((done) => {
      setTimeout(done, DOWN_POLL_MS)
    })
  }
  process.stdout.write('the cluster is down\n')
}

/** Says what runs on a folder; exit code 1 where not all of it is up. */
export async function status(argv: readonly string[]): Promise<void> {
  const options = resolve(clusterOptions, 'tsq status', argv)
  if (options === undefined) return
  const state = await readState(options.data)
  if (state === undefined) {
    process.stdout.write(`no cluster runs on ${path.resolve(options.data)}\n`)
    process.exitCode = 1
    return
  }
  for (const { name, state: word, host, tcp, http, pid, restarts } of state.daemons) {
    // What doesn't listen can't be asked; that it runs is all there is to say.
    const isAsked = word === 'up' && http !== undefined
    const health = isAsked ? await ping(host, http) : word === 'up' ? 'OK' : word
    if (health !== 'OK') process.exitCode = 1
    const places = placesOf(host, {
      ...(tcp === undefined ? {} : { tcp }),
      ...(http === undefined ? {} : { http }),
    })
    const again = restarts === 0 ? '' : `  restarts ${restarts}`
    process.stdout.write(
      `${name.padEnd(14)} ${health.padEnd(10)} ${places}  pid ${pid ?? '-'}${again}\n`,
    )
  }
}

async function ping(host: string, port: number): Promise<string> {
  try {
    const answer = await fetch(`http://${hostPort(host, port)}/ping`, {
      signal: AbortSignal.timeout(PING_LIMIT_MS),
    })
    return await answer.text()
  } catch {
    return 'no answer'
  }
}

/** The cluster that has the folder locked. What a killed one left behind does not count. */
async function readState(given: string): Promise<ClusterState | undefined> {
  const dataFolder = path.resolve(given)
  if (!existsSync(stateFile(dataFolder))) return undefined
  try {
    const lock = await lockDataPath(dataFolder)
    await lock.release()
    return undefined
  } catch (error) {
    if (!(error instanceof DataPathError)) throw error
    const state = parseState(readFileSync(stateFile(dataFolder), 'utf8'))
    // Something else may have the folder, and the file be of a cluster that was killed.
    return state !== undefined && error.message.includes(`(process ${state.pid})`)
      ? state
      : undefined
  }
}

function parseState(text: string): ClusterState | undefined {
  try {
    return JSON.parse(text) as ClusterState
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function resolve<T extends OptionTable>(
  table: T,
  program: string,
  argv: readonly string[],
  rules?: OptionRules<T>,
): OptionsOf<T> | undefined {
  const resolution = resolveOptions(table, {
    program,
    argv,
    ...(rules === undefined ? {} : { rules }),
    builtIn: { config: false, version: false },
  })
  if (resolution.kind === 'options') {
    const [extra] = resolution.positional
    if (extra === undefined) return resolution.values
    process.stderr.write(`${program}: "${extra}" is no flag; values are written --flag=value\n`)
    process.exitCode = 2
    return undefined
  }
  if (resolution.kind === 'help') {
    process.stdout.write(`${resolution.text}\n`)
  } else if (resolution.kind === 'error') {
    process.stderr.write(`${resolution.message}\n`)
    process.exitCode = 2
  }
  return undefined
}
