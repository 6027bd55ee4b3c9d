// Holds the packages to the picture in docs/ARCHITECTURE.md: who may import whom.

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { test } from 'node:test'

const packagesFolder = path.resolve(import.meta.dirname, '../../packages')

/** What each package may import of the others. A package that is not in the table may not exist. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  daemon: [],
  client: ['protocol'],
  clusterinfo: ['daemon', 'protocol'],
  nsqd: ['daemon', 'protocol'],
  nsqlookupd: ['daemon', 'protocol'],
  nsqadmin: ['client', 'clusterinfo', 'daemon', 'protocol'],
  tools: ['client', 'clusterinfo', 'daemon', 'protocol'],
  testing: ['protocol'],
  tsq: [
    'client',
    'clusterinfo',
    'daemon',
    'nsqadmin',
    'nsqd',
    'nsqlookupd',
    'protocol',
    'testing',
    'tools',
  ],
}
/** What whoever installs these alone gets with them: nothing but ours. */
const WITHOUT_DEPENDENCIES = ['client', 'protocol']

interface Import {
  readonly file: string
  readonly from: string
}

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const packages = readdirSync(packagesFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .filter((name) => existsSync(path.join(packagesFolder, name, 'package.json')))

function manifestOf(name: string): Manifest {
  const file = path.join(packagesFolder, name, 'package.json')
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest
}

function sourcesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[jt]sx?$/.test(file))
    .map((file) => path.join(folder, file))
}

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}

const IMPORTS = [
  /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm,
  /^\s*import\s*['"]([^'"]+)['"]/gm,
  /\bimport\s*\(\s*['"]([^'"]+)['"]/g,
]

function importsIn(folder: string): Import[] {
  return sourcesIn(folder).flatMap((file) => {
    const source = withoutComments(readFileSync(file, 'utf8'))
    return IMPORTS.flatMap((pattern) =>
      [...source.matchAll(pattern)].map((match) => ({ file, from: match[1]! })),
    )
  })
}

/** `@scope/name` or `name` of what is imported; undefined for a file and for what Node brings. */
function packageOf({ from }: Import): string | undefined {
  if (from.startsWith('.') || isBuiltin(from)) return undefined
  return from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/')
}

/** The folder of one of our packages, or undefined where it is another's. */
function oursOf(name: string): string | undefined {
  return packages.find((candidate) => manifestOf(candidate).name === name)
}

function describe({ file, from }: Import): string {
  return `${path.relative(packagesFolder, file)} imports ${from}`
}

test('every package has its place in the table of arrows', () => {
  assert.deepEqual(
    packages.filter((name) => ARROWS[name] === undefined),
    [],
  )
})

test('the picture in ARCHITECTURE.md shows the same arrows', () => {
  const page = readFileSync(path.resolve(packagesFolder, '../docs/ARCHITECTURE.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `(\w+)` +\|[^|]*\|([^|]*)\|$/gm)]
  const shown = Object.fromEntries(
    rows.map(([, name = '', arrows = '']) => [
      name,
      [...arrows.matchAll(/`(\w+)`/g)].map((match) => match[1]!).toSorted(),
    ]),
  )
  // What nobody installs is told in words, and tsq may import all.
  const { testing: _testing, tsq: _tsq, ...drawn } = ARROWS
  assert.deepEqual({ ...shown, tsq: undefined }, { ...drawn, tsq: undefined })
})

test('no arrow leads back', () => {
  const seen = new Map<string, 'open' | 'done'>()
  const visit = (name: string): void => {
    assert.notEqual(seen.get(name), 'open', `a circle through ${name}`)
    if (seen.has(name)) return
    seen.set(name, 'open')
    for (const next of ARROWS[name]!) visit(next)
    seen.set(name, 'done')
  }
  for (const name of Object.keys(ARROWS)) visit(name)
})

for (const name of packages) {
  const folder = path.join(packagesFolder, name)
  const manifest = manifestOf(name)
  const imports = [...importsIn(path.join(folder, 'src')), ...importsIn(path.join(folder, 'bin'))]
  const allowed = ARROWS[name] ?? []

  test(`${name} imports only what the table allows it`, () => {
    const wrong = imports.filter((one) => {
      const ours = oursOf(packageOf(one) ?? '')
      return ours !== undefined && !allowed.includes(ours)
    })
    assert.deepEqual(wrong.map(describe), [])
  })

  test(`the tests of ${name} import no more than that, and helpers`, () => {
    const helped = [...allowed, name, 'testing']
    const wrong = importsIn(path.join(folder, 'test')).filter((one) => {
      const ours = oursOf(packageOf(one) ?? '')
      return ours !== undefined && !helped.includes(ours)
    })
    assert.deepEqual(wrong.map(describe), [])
  })

  test(`${name} reaches into no other package by a path`, () => {
    const all = [...importsIn(path.join(folder, 'src')), ...importsIn(path.join(folder, 'test'))]
    const wrong = all.filter(({ file, from }) => {
      if (!from.startsWith('.')) return false
      const target = path.resolve(path.dirname(file), from)
      const room = file.startsWith(path.join(folder, 'src')) ? path.join(folder, 'src') : folder
      // A package may read its own package.json.
      const isOwnManifest = target === path.join(folder, 'package.json')
      return !isOwnManifest && !target.startsWith(room + path.sep)
    })
    assert.deepEqual(wrong.map(describe), [])
  })

  test(`${name} names as dependencies exactly what it imports`, () => {
    const peers = Object.keys(manifest.peerDependencies ?? {})
    const needed = new Set(imports.map(packageOf).filter((one) => one !== undefined))
    needed.delete(manifest.name)
    for (const peer of peers) needed.delete(peer)
    const named = [
      ...Object.keys(manifest.dependencies ?? {}),
      ...Object.keys(manifest.optionalDependencies ?? {}),
    ]
    assert.deepEqual(named.toSorted(), [...needed].toSorted())
  })

  test(`the index of ${name} names each of its exports`, () => {
    const index = path.join(folder, 'src/index.ts')
    if (!existsSync(index)) return
    assert.doesNotMatch(withoutComments(readFileSync(index, 'utf8')), /export\s*\*/)
  })
}

for (const name of WITHOUT_DEPENDENCIES) {
  test(`${name} brings nothing of others with it`, () => {
    const { dependencies = {}, optionalDependencies = {} } = manifestOf(name)
    const others = [...Object.keys(dependencies), ...Object.keys(optionalDependencies)].filter(
      (dependency) => oursOf(dependency) === undefined,
    )
    assert.deepEqual(others, [])
  })
}
