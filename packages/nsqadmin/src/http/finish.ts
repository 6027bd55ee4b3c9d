// The last word on every answer: compression and the headers that keep browsers careful.

import { promisify } from 'node:util'
import { deflateRaw, gzip } from 'node:zlib'

import type { HttpReply, HttpRequest } from '@tsq/daemon'

const gzipLater = promisify(gzip)
const deflateLater = promisify(deflateRaw)
/** Less isn't worth it. */
const SMALLEST_COMPRESSED = 512

const CAREFUL = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
}
/** For what is no page: nothing in it may do anything. */
const NO_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'"
const STRICT_TRANSPORT = 'max-age=31536000'

/** @param isTls whether this listener speaks HTTPS. */
export async function finishReply(
  request: HttpRequest,
  reply: HttpReply,
  isTls: boolean,
): Promise<HttpReply> {
  const careful = reply.with({
    ...CAREFUL,
    ...(reply.headers['Content-Security-Policy'] === undefined
      ? { 'Content-Security-Policy': NO_CONTENT_POLICY }
      : {}),
    ...(reply.headers['Cache-Control'] === undefined ? { 'Cache-Control': 'no-store' } : {}),
    ...(isTls ? { 'Strict-Transport-Security': STRICT_TRANSPORT } : {}),
  })
  return compress(request, reply, careful)
}

/** Of answers that are given to many: those who ask meanwhile wait for the same. */
const compressedOf = {
  gzip: new WeakMap<HttpReply, Promise<Buffer>>(),
  deflate: new WeakMap<HttpReply, Promise<Buffer>>(),
}

/** @param original known again where the same answer is given twice. */
async function compress(
  { headers }: HttpRequest,
  original: HttpReply,
  reply: HttpReply,
): Promise<HttpReply> {
  const { body, contentType = '' } = reply
  const isWorthIt = Buffer.byteLength(body) >= SMALLEST_COMPRESSED
  if (!isWorthIt || !/^text\/|json|javascript|svg/.test(contentType)) return reply
  const encoding = encodingFor(headers['accept-encoding'])
  const varying = { Vary: 'Accept-Encoding' }
  if (encoding === undefined) return reply.with(varying)
  const known = compressedOf[encoding]
  let compressed = known.get(original)
  if (compressed === undefined) {
    compressed = encoding === 'gzip' ? gzipLater(body) : deflateLater(body)
    known.set(original, compressed)
  }
  return reply.with({ ...varying, 'Content-Encoding': encoding }, await compressed)
}

/** The first of the two that is named and wanted. */
function encodingFor(accepted: string | string[] | undefined): 'gzip' | 'deflate' | undefined {
  for (const part of String(accepted ?? '').split(',')) {
    const [name = '', ...params] = part.split(';').map((one) => one.trim())
    const isRefused = params.some((param) => /^q=0(\.0*)?$/i.test(param))
    if (!isRefused && (name === 'gzip' || name === 'deflate')) return name
  }
  return undefined
}
