// Requests as bytes, most of them not quite HTTP. What the parsers of Go and Node see differently is left out.
import type { Random } from '@tsq/testing'
import type { Step } from './differential-script.ts'

const HOST = 'Host: nsqd\r\nConnection: close\r\n'

export function httpBytes(random: Random): Step {
  const method = random.pick(['GET', 'POST', 'PUT'])
  const path = random.pick([
    '/ping',
    '/info',
    '/nothing',
    '/pub?topic=refused%2Fname',
    '/mpub',
    '/%zz',
  ])
  const good = `${method} ${path} HTTP/1.1\r\n${HOST}`
  const bytes = random.pick([
    () => `${good}\r\n`,
    () => `${good}Content-Length: 0\r\n\r\n`,
    () => `${good}Content-Length: x\r\n\r\n`,
    () => `${good}Content-Length: -1\r\n\r\n`,
    () => `${good}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
    () => `${good}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    () => `${good}No-Colon\r\n\r\n`,
    () => `${good}Bad Name: x\r\n\r\n`,
    () => `${good}: x\r\n\r\n`,
    () => `${good}X: a\0b\r\n\r\n`,
    () => `${method} ${path} HTTP/1.1\r\nConnection: close\r\n\r\n`,
    () => `${method} ${path} HTTP/1.0\r\n\r\n`,
    () => `${method}\r\n\r\n`,
    () => `${method} /ping x HTTP/1.1\r\n${HOST}\r\n`,
    () => ` ${good}\r\n`,
    () => '\0\0\0\0\r\n\r\n',
    () => '  V2NOP\n',
    () => good.slice(0, random.between(1, good.length)),
    () => `${good}X: ${'y'.repeat(10_000)}\r\n\r\n`,
    () => `${method} ${path} HTTP/1.1\r\nHost: a\r\n\r\n${good}\r\n`,
  ])()
  return { kind: 'bytes', bytes: Buffer.from(bytes, 'latin1') }
}
