// The one HTML page, and the files it is made of.

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'

import { goJson, HttpReply, type HttpRequest, type Route } from '@tsq/daemon'

import { NSQ_VERSION } from '../version.ts'

/** What the page is told, besides the path it lies under. */
export interface PageGlobals {
  readonly graphiteUrl: string
  readonly isGraphEnabled: boolean
  readonly statsdCounterFormat: string
  readonly statsdGaugeFormat: string
  readonly statsdPrefix: string
  readonly statsdIntervalSeconds: number
}

export interface PageContext {
  readonly basePath: string
  readonly globals: PageGlobals
  /** Asked for each page: they can change. */
  readonly lookupds: () => readonly string[]
  readonly isAdmin: (request: HttpRequest) => boolean
  /** Whoever may not is told nothing of the cluster. */
  readonly mayRead: (request: HttpRequest) => boolean
  /** Assets are read from here at each request instead, when it isn't empty. */
  readonly devStaticDir: string
}

const STATIC_FOLDER = path.resolve(import.meta.dirname, '../../static')
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ico': 'image/x-icon',
  '.map': 'application/json',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.eot': 'application/vnd.ms-fontobject',
}
/** A name that Vite made of the content never means anything else. */
const HASHED = /-[\w-]{8,}\.\w+$/
const PATHS = [
  '/',
  '/topics',
  '/topics/:topic',
  '/topics/:topic/:channel',
  '/nodes',
  '/nodes/:node',
  '/counter',
  '/lookup',
  '/audit',
  '/login',
]
const NOT_BUILT = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>nsqadmin</title></head>
<body><p>The page of this nsqadmin is not built; run <code>npm run build</code>. The API is there, at
<a href="/__BASE_PATH__/api/overview">api/overview</a>.</p></body></html>
`

export function pageRoutes(context: PageContext): Route[] {
  const files = loadFiles()
  const html = files.get('index.html')?.toString() ?? NOT_BUILT
  const page = (request: HttpRequest): HttpReply => pageFor(html, context, request)
  // Made once: what is the same answer is compressed once.
  const assets = new Map([...files].map(([name, body]) => [name, assetReply(name, body)]))
  const asset = (request: HttpRequest): HttpReply | Promise<HttpReply> => {
    const name = request.params['*'] ?? ''
    return context.devStaticDir === ''
      ? (assets.get(name) ?? assetReply(name, undefined))
      : readAsset(context.devStaticDir, name)
  }
  return [
    ...PATHS.map((one) => ({ method: 'GET', path: one, plain: true, handle: page }) as const),
    { method: 'GET', path: '/static/*', plain: true, quiet: true, handle: asset },
    { method: 'GET', path: '/fonts/*', plain: true, quiet: true, handle: asset },
  ]
}

/** Everything the page is made of: some 20 files. */
function loadFiles(): Map<string, Buffer> {
  if (!existsSync(STATIC_FOLDER)) return new Map()
  const names = readdirSync(STATIC_FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
  return new Map(
    names.map((file) => [path.relative(STATIC_FOLDER, file), readFileSync(file)] as const),
  )
}

async function readAsset(folder: string, name: string): Promise<HttpReply> {
  const root = path.resolve(folder)
  const file = path.resolve(root, name)
  if (!file.startsWith(root + path.sep)) return assetReply(name, undefined)
  try {
    return assetReply(name, await readFile(file))
  } catch {
    return assetReply(name, undefined)
  }
}

function assetReply(name: string, body: Buffer | undefined): HttpReply {
  if (body === undefined) {
    const contentType = 'text/plain; charset=utf-8'
    return new HttpReply({ status: 404, contentType, body: 'NOT_FOUND' })
  }
  const lifetime = HASHED.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache'
  return new HttpReply({
    contentType: TYPES[path.extname(name).toLowerCase()] ?? 'application/octet-stream',
    body,
    headers: { 'Cache-Control': lifetime },
  })
}

/** The shell with what it is told: the same for every path, but for who asks. */
function pageFor(html: string, context: PageContext, request: HttpRequest): HttpReply {
  const script = globalsScript(context, request)
  const body = html
    .replaceAll('/__BASE_PATH__', context.basePath)
    .replace('</head>', () => `<script>${script}</script></head>`)
  return new HttpReply({
    contentType: 'text/html',
    body,
    headers: {
      'Cache-Control': 'no-store',
      'Content-Security-Policy': contentPolicy(
        script,
        context.mayRead(request) ? context.globals.graphiteUrl : '',
      ),
    },
  })
}

/** The globals that nsqadmin 1.3.0 sets, under the same names. */
function globalsScript(
  { basePath, globals, lookupds, isAdmin, mayRead }: PageContext,
  request: HttpRequest,
): string {
  const isTold = mayRead(request)
  const values = {
    USER_AGENT: `nsqadmin/v${NSQ_VERSION}`,
    VERSION: NSQ_VERSION,
    GRAPHITE_URL: isTold ? globals.graphiteUrl : '',
    GRAPH_ENABLED: globals.isGraphEnabled,
    STATSD_COUNTER_FORMAT: globals.statsdCounterFormat,
    STATSD_GAUGE_FORMAT: globals.statsdGaugeFormat,
    STATSD_INTERVAL: globals.statsdIntervalSeconds,
    STATSD_PREFIX: globals.statsdPrefix,
    NSQLOOKUPD: isTold ? lookupds() : [],
    IS_ADMIN: isAdmin(request),
    BASE_PATH: basePath === '' ? '/' : basePath,
  }
  return Object.entries(values)
    .map(([name, value]) => `var ${name} = ${goJson(value)};`)
    .join('\n')
}

function contentPolicy(script: string, graphiteUrl: string): string {
  const hash = createHash('sha256').update(script).digest('base64')
  const graphite = graphiteUrl === '' ? '' : ` ${new URL(graphiteUrl).origin}`
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    `img-src 'self' data:${graphite}`,
    "font-src 'self'",
    `connect-src 'self'${graphite}`,
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}
