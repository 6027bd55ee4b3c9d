// Builds what the tests run against: NSQ's own programs and ours on go-nsq, a Python environment
// with pynsq, and nsqjs. Each lands in the cache under a hash of what it was made from, by a rename
// at the very end, so test files may build at the same time and a half-made one is never used.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cacheFolder, interopFolder } from './folders.ts'

const run = promisify(execFile)
const BUILD_TIMEOUT_MS = 10 * 60_000
const PROBE_TIMEOUT_MS = 10_000

/** A program of the machine's (Go, Python, npm) isn't there: what needs it is skipped outside CI. */
export class ToolMissingError extends Error {
  override readonly name = 'ToolMissingError'
  readonly code = 'TOOL_MISSING'
}

/** NSQ's programs by name, and where each is found in its module. */
const referencePackages = {
  nsqd: 'apps/nsqd',
  nsqlookupd: 'apps/nsqlookupd',
  nsqadmin: 'apps/nsqadmin',
  nsq_stat: 'apps/nsq_stat',
  nsq_tail: 'apps/nsq_tail',
  nsq_to_file: 'apps/nsq_to_file',
  nsq_to_http: 'apps/nsq_to_http',
  nsq_to_nsq: 'apps/nsq_to_nsq',
  to_nsq: 'apps/to_nsq',
  bench_reader: 'bench/bench_reader',
  bench_writer: 'bench/bench_writer',
} as const

export type ReferenceName = keyof typeof referencePackages

/** Builds a program of NSQ 1.3.0 unless it is built already, and gives its path. */
export function buildReference(name: ReferenceName): Promise<string> {
  return buildGo(name, `github.com/nsqio/nsq/${referencePackages[name]}`)
}

/** Builds the scenario on go-nsq and gives its path. */
export function buildGoScenario(): Promise<string> {
  return buildGo('scenario', './scenario')
}

/** Builds the exchange on go-nsq and gives its path. */
export function buildGoExchange(): Promise<string> {
  return buildGo('exchange', './exchange')
}

async function buildGo(name: string, importPath: string): Promise<string> {
  const folder = join(interopFolder, 'go')
  const env = { ...process.env, GOFLAGS: '-mod=readonly', CGO_ENABLED: '0' }
  const version = await probe('go', ['env', 'GOVERSION', 'GOOS', 'GOARCH'], 'Go')
  const key = await hashFiles(folder, version)
  return makeOnce(join(cacheFolder, `go-${key}`, name), async (output) => {
    const args = ['build', '-trimpath', '-buildvcs=false', '-o', output, importPath]
    await run('go', args, { cwd: folder, env, timeout: BUILD_TIMEOUT_MS })
  })
}

/** Makes a Python environment with the pinned requirements and gives its interpreter's path. */
export function buildPython(): Promise<string> {
  return buildPythonWith(join(interopFolder, 'python', 'requirements.txt'))
}

/** One that has snappy too, which is native code and not to be had everywhere. */
export async function buildPythonWithSnappy(): Promise<string> {
  await buildPython()
  try {
    return await buildPythonWith(join(interopFolder, 'python', 'requirements-snappy.txt'))
  } catch (cause) {
    throw new ToolMissingError("python-snappy can't be installed on this machine.", { cause })
  }
}

async function buildPythonWith(requirements: string): Promise<string> {
  const probeCode = 'import sys, venv, ensurepip; print(sys.version, sys.prefix)'
  const version = await probe('python3', ['-c', probeCode], 'Python 3 with venv')
  const key = hash(version, await readFile(requirements, 'utf8'))
  const folder = await makeOnce(join(cacheFolder, `python-${key}`), async (output) => {
    await run('python3', ['-m', 'venv', output], { timeout: BUILD_TIMEOUT_MS })
    const install = ['-m', 'pip', 'install', '--quiet', '--requirement', requirements]
    await run(join(output, 'bin', 'python'), install, { timeout: BUILD_TIMEOUT_MS })
  })
  return join(folder, 'bin', 'python')
}

/** Installs nsqjs beside the tests, from the lockfile, unless that version is there already. */
export async function installNsqjs(): Promise<void> {
  const wanted = (await readPackage(join(interopFolder, 'package.json'))).dependencies?.['nsqjs']
  const installed = join(interopFolder, 'node_modules', 'nsqjs', 'package.json')
  if (existsSync(installed) && (await readPackage(installed)).version === wanted) return
  await probe('npm', ['--version'], 'npm')
  await run('npm', ['ci', '--ignore-scripts'], { cwd: interopFolder, timeout: BUILD_TIMEOUT_MS })
}

/** Installs nsqjs, and makes sure that its optional snappy came along and loads. */
export async function installNsqjsWithSnappy(): Promise<void> {
  await installNsqjs()
  try {
    createRequire(join(interopFolder, 'nsqjs', 'exchange.js'))('snappystream')
  } catch (cause) {
    throw new ToolMissingError("snappystream can't be installed on this machine.", { cause })
  }
}

interface PackageFile {
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
}

async function readPackage(path: string): Promise<PackageFile> {
  const file: PackageFile = JSON.parse(await readFile(path, 'utf8'))
  return file
}

async function probe(command: string, args: string[], what: string): Promise<string> {
  try {
    return (await run(command, args, { timeout: PROBE_TIMEOUT_MS })).stdout
  } catch (cause) {
    const sentence = `${what} isn't on this machine (\`${command}\` does not run).`
    throw new ToolMissingError(sentence, { cause })
  }
}

/** Lets `make` write a file or folder under a temporary name and moves it into place. */
export async function makeOnce(
  path: string,
  make: (output: string) => Promise<void>,
): Promise<string> {
  if (existsSync(path)) return path
  await mkdir(dirname(path), { recursive: true })
  const work = await mkdtemp(join(dirname(path), '.making-'))
  try {
    const output = join(work, basename(path))
    await make(output)
    await rename(output, path)
  } catch (error) {
    // Somebody else made the same thing meanwhile: a folder can't be renamed over a full one.
    if (!existsSync(path)) throw error
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return path
}

async function hashFiles(folder: string, ...more: string[]): Promise<string> {
  const names = await readdir(folder, { recursive: true })
  const files = names.filter((name) => /\.(go|mod|sum)$/.test(name)).toSorted()
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))
  return hash(...more, ...files, ...texts)
}

function hash(...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)
}

function isReferenceName(name: string): name is ReferenceName {
  return Object.hasOwn(referencePackages, name)
}

/** `node dist/build.js [name…]` builds the named programs of NSQ, or everything, and says where. */
async function main(names: string[]): Promise<void> {
  const unknown = names.filter((name) => !isReferenceName(name))
  if (unknown.length > 0) {
    const known = Object.keys(referencePackages).join(', ')
    throw new Error(`no such program: ${unknown.join(', ')}; there are ${known}`)
  }
  const chosen = names.length > 0 ? names : Object.keys(referencePackages)
  for (const name of chosen.filter(isReferenceName)) console.log(await buildReference(name))
  if (names.length > 0) return
  console.log(await buildGoScenario())
  console.log(await buildGoExchange())
  console.log(await buildPython())
  await installNsqjs()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main(process.argv.slice(2))
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
