// Our client under the versions of Node it promises: npm installs it without a word of warning, and it loads. By command
// its own tests run under them too: node interop/dist/node-versions.js [major…]
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { makeOnce, ToolMissingError } from './build.ts'
import { cacheFolder, repositoryFolder } from './folders.ts'

const run = promisify(execFile)
const TIMEOUT_MS = 5 * 60_000

/** Major versions, beside the one that runs this. */
export const NODE_VERSIONS = ['22', '24']

/** What a user's first lines do; both kinds of import. */
const SMOKE = `
const { Producer } = require('@tsq/client')
const { Reader } = require('@tsq/client/nsqjs')
import('@tsq/client').then((client) => {
  if (client.Producer !== Producer || typeof Reader !== 'function') process.exit(1)
  new client.Producer({ nsqd: '127.0.0.1:4150' }).close().then(() => console.log('fine'))
})
`

/** The path of a Node of that version, from the npm package that carries it. */
export async function installNode(major: string): Promise<string> {
  if (process.version.startsWith(`v${major}.`)) return process.execPath
  const name = `node-${process.platform}-${process.arch}@${major}`
  const folder = await makeOnce(join(cacheFolder, `node-${major}`), async (output) => {
    await mkdir(output)
    await writeFile(join(output, 'package.json'), '{"private":true}')
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', `node@npm:${name}`]
    try {
      await run('npm', args, { cwd: output, timeout: TIMEOUT_MS })
    } catch (cause) {
      throw new ToolMissingError(`${name} can't be installed from npm.`, { cause })
    }
  })
  return join(folder, 'node_modules', 'node', 'bin', 'node')
}

/** Packs the client as it would be published. Gives the paths of what npm is to install. */
export async function packClient(into: string): Promise<string[]> {
  for (const name of ['protocol', 'client']) {
    const cwd = join(repositoryFolder, 'packages', name)
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', into], { cwd })
  }
  const packed = await readdir(into)
  return packed.filter((name) => name.endsWith('.tgz')).map((name) => join(into, name))
}

/**
 * Installs the client in a new folder with this Node and loads it.
 *
 * @returns everything that was said on standard error; nothing, as it should be.
 */
export async function installAndLoad(node: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tsq-interop-install-'))
  try {
    const packed = await packClient(folder)
    await writeFile(join(folder, 'package.json'), '{"private":true}')
    // Nobody's settings, and nothing from the registry: there is nothing to fetch.
    const settings = Object.entries(process.env).filter(([name]) => !/^npm_config_/i.test(name))
    const path = `${dirname(node)}:${process.env['PATH']}`
    const env = { ...Object.fromEntries(settings), PATH: path }
    const quiet = [
      '--offline',
      '--no-update-notifier',
      '--no-audit',
      '--no-fund',
      '--userconfig=/dev/null',
    ]
    const options = { cwd: folder, env, timeout: TIMEOUT_MS }
    const installed = await run('npm', ['install', ...quiet, ...packed], options)
    const loaded = await run(node, ['--eval', SMOKE], options)
    if (loaded.stdout !== 'fine\n') throw new Error(`loading the client printed ${loaded.stdout}`)
    return installed.stderr + loaded.stderr
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runClientTests(node: string): Promise<void> {
  const folder = join(repositoryFolder, 'packages', 'client', 'dist', 'test')
  const names = await readdir(folder, { recursive: true })
  const files = names.filter((name) => name.endsWith('.test.js')).map((name) => join(folder, name))
  try {
    await run(node, ['--test', '--test-reporter=spec', ...files], { timeout: TIMEOUT_MS })
  } catch (cause) {
    const { stdout } = cause as { readonly stdout?: string }
    throw new Error(`the client's tests fail under ${node}:\n${stdout}`, { cause })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const given = process.argv.slice(2)
  const versions =
    given.length > 0 ? given : [process.versions.node.split('.')[0]!, ...NODE_VERSIONS]
  for (const major of versions) {
    const node = await installNode(major)
    const warnings = await installAndLoad(node)
    if (warnings !== '') throw new Error(`Node ${major} warns:\n${warnings}`)
    await runClientTests(node)
    console.log(`Node ${major}: installs without a warning, loads, and the client's tests pass`)
  }
}
