// AUTH, with the same scripts and the same auth server for our nsqd and the reference: what is expected is written once.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { suite, test, type TestContext } from 'node:test'
import { buildReference, type ReferenceName } from './build.ts'
import { nsqdBinaries, type NsqdBinary, type RunningNsqd, startNsqd } from './nsqd.ts'
import { prepareOrSkip } from './skip.ts'

const TIMEOUT_MS = 20_000

const everything = { topic: '.*', channels: ['.*'], permissions: ['subscribe', 'publish'] }
/** By secret. */
const answers: Readonly<Record<string, object | string>> = {
  'all & more': {
    ttl: 60,
    identity: 'bob',
    identity_url: 'http://b/?a&b',
    authorizations: [everything],
  },
  reader: {
    ttl: 60,
    authorizations: [{ topic: '^t$', channels: ['^c$'], permissions: ['subscribe'] }],
  },
  writer: {
    ttl: 60,
    authorizations: [{ topic: '^p.*$', channels: ['.*'], permissions: ['publish'] }],
  },
  'no empty channel': {
    ttl: 60,
    authorizations: [{ topic: '.*', channels: ['.+'], permissions: ['publish'] }],
  },
  nothing: { ttl: 60, authorizations: [] },
  'no ttl': { authorizations: [everything] },
  'bad permission': { ttl: 60, authorizations: [{ ...everything, permissions: ['all'] }] },
  'bad expression': { ttl: 60, authorizations: [{ ...everything, topic: '(' }] },
  lookahead: { ttl: 60, authorizations: [{ ...everything, topic: '(?=t)t' }] },
  garbage: '{',
}

/** Answers by secret, and keeps what it was asked. */
async function startAuthServer(t: TestContext): Promise<{ address: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const url = new URL(request.url ?? '', 'http://nowhere')
    const answer = answers[url.searchParams.get('secret') ?? '']
    if (answer === undefined) response.statusCode = 403
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? {}))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close().closeAllConnections())
  const bound = server.address()
  assert.ok(bound !== null && typeof bound === 'object')
  return { address: `127.0.0.1:${bound.port}`, asked }
}

function withBody(line: string, body: string): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([Buffer.from(`${line}\n`), size, Buffer.from(body)])
}

/** The frames that a connection gets for what it sends, until nsqd closes it. */
async function framesFor(nsqd: RunningNsqd, commands: readonly Buffer[]): Promise<string[]> {
  const [host, port] = nsqd.tcpAddress.split(':')
  const socket = connect(Number(port), host)
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('nsqd does not close')))
  socket.write(Buffer.concat([Buffer.from('  V2'), ...commands]))
  let bytes = Buffer.alloc(0)
  for await (const chunk of socket) bytes = Buffer.concat([bytes, chunk as Buffer])
  const frames: string[] = []
  while (bytes.length >= 8) {
    const end = 4 + bytes.readInt32BE(0)
    frames.push(bytes.toString('utf8', 8, end))
    bytes = bytes.subarray(end)
  }
  return frames
}

const auth = (secret: string): Buffer => withBody('AUTH', secret)
const sub = (topic: string, channel: string): Buffer => Buffer.from(`SUB ${topic} ${channel}\n`)
const pub = (topic: string): Buffer => withBody(`PUB ${topic}`, 'x')
const mpub = (topic: string): Buffer => withBody(`MPUB ${topic}`, '\0\0\0\u0001\0\0\0\u0001x')
const dpub = (topic: string): Buffer => withBody(`DPUB ${topic} 10`, 'x')
/** Ends a script: it is always fatal. */
const end = Buffer.from('END\n')
const ENDED = 'E_INVALID invalid command END'

const bob = '{"identity":"bob","identity_url":"http://b/?a\\u0026b","permission_count":1}'
const nobody = '{"identity":"","identity_url":"","permission_count":1}'

const scripts: [what: string, commands: Buffer[], frames: string[]][] = [
  ['SUB without AUTH', [sub('t', 'c')], ['E_AUTH_FIRST AUTH required before SUB']],
  ['PUB without AUTH', [pub('t')], ['E_AUTH_FIRST AUTH required before PUB']],
  ['MPUB without AUTH', [mpub('t')], ['E_AUTH_FIRST AUTH required before MPUB']],
  ['DPUB without AUTH', [dpub('t')], ['E_AUTH_FIRST AUTH required before DPUB']],
  [
    'everything allowed',
    [auth('all & more'), pub('t'), mpub('u'), dpub('v'), sub('t', 'c'), end],
    [bob, 'OK', 'OK', 'OK', 'OK', ENDED],
  ],
  ['AUTH twice', [auth('reader'), auth('reader')], [nobody, 'E_INVALID AUTH already set']],
  [
    'AUTH after SUB',
    [auth('reader'), sub('t', 'c'), auth('reader')],
    [nobody, 'OK', 'E_INVALID cannot AUTH in current state'],
  ],
  [
    'AUTH with a parameter',
    [withBody('AUTH x', 'y')],
    ['E_INVALID AUTH invalid number of parameters'],
  ],
  ['AUTH with a space', [withBody('AUTH ', 'y')], ['E_INVALID AUTH invalid number of parameters']],
  ['AUTH without a secret', [withBody('AUTH', '')], ['E_BAD_BODY AUTH invalid body size 0']],
  ['an unknown secret', [auth('?')], ['E_AUTH_FAILED AUTH failed']],
  ['no authorization', [auth('nothing')], ['E_UNAUTHORIZED AUTH no authorizations found']],
  ['no ttl', [auth('no ttl')], ['E_AUTH_FAILED AUTH failed']],
  ['an unknown permission', [auth('bad permission')], ['E_AUTH_FAILED AUTH failed']],
  ['a bad expression', [auth('bad expression')], ['E_AUTH_FAILED AUTH failed']],
  ['a lookahead', [auth('lookahead')], ['E_AUTH_FAILED AUTH failed']],
  ['garbage', [auth('garbage')], ['E_AUTH_FAILED AUTH failed']],
  [
    'a reader that publishes',
    [auth('reader'), pub('t')],
    [nobody, 'E_UNAUTHORIZED AUTH failed for PUB on "t" ""'],
  ],
  [
    'a reader of another channel',
    [auth('reader'), sub('t', 'cc')],
    [nobody, 'E_UNAUTHORIZED AUTH failed for SUB on "t" "cc"'],
  ],
  [
    'a writer that reads',
    [auth('writer'), pub('p1'), sub('p1', 'c')],
    [nobody, 'OK', 'E_UNAUTHORIZED AUTH failed for SUB on "p1" "c"'],
  ],
  [
    'a writer to another topic',
    [auth('writer'), mpub('q')],
    [nobody, 'E_UNAUTHORIZED AUTH failed for MPUB on "q" ""'],
  ],
  [
    'a publisher whose channels exclude the empty one',
    [auth('no empty channel'), dpub('t')],
    [nobody, 'E_UNAUTHORIZED AUTH failed for DPUB on "t" ""'],
  ],
]

async function start(
  t: TestContext,
  binary: NsqdBinary,
): Promise<{ nsqd: RunningNsqd; asked: string[] } | undefined> {
  const { address, asked } = await startAuthServer(t)
  const flags = [`--auth-http-address=${address}`]
  const nsqd = await prepareOrSkip(t, () => startNsqd({ binary, flags }))
  if (nsqd === undefined) return undefined
  t.after(() => nsqd.stop())
  return { nsqd, asked }
}

/** What a tool prints until it ends, and its exit code. */
async function runTool(
  t: TestContext,
  name: ReferenceName,
  args: string[],
  input = '',
): Promise<{ output: string; exitCode: number | null }> {
  const tool = spawn(await buildReference(name), args, { stdio: ['pipe', 'pipe', 'ignore'] })
  const slow = setTimeout(() => tool.kill('SIGKILL'), TIMEOUT_MS)
  t.after(() => tool.kill('SIGKILL'))
  tool.stdin.on('error', () => undefined).end(input)
  const [output] = await Promise.all([text(tool.stdout), once(tool, 'exit')])
  clearTimeout(slow)
  return { output, exitCode: tool.exitCode }
}

for (const binary of ['ours', 'reference'] as const) {
  void suite(`AUTH with ${nsqdBinaries[binary]}`, () => {
    void test('scripts are answered as expected', async (t) => {
      const started = await start(t, binary)
      if (started === undefined) return
      for (const [what, commands, frames] of scripts) {
        assert.deepEqual(await framesFor(started.nsqd, commands), frames, what)
      }
      const escaped = '/auth?common_name=&remote_ip=127.0.0.1&secret=all+%26+more&tls=false'
      assert.ok(started.asked.includes(escaped), started.asked.join('\n'))
    })

    void test('to_nsq publishes and nsq_tail reads with a secret', async (t) => {
      const started = await start(t, binary)
      if (started === undefined) return
      const nsqd = `-nsqd-tcp-address=${started.nsqd.tcpAddress}`
      const secret = '-producer-opt=auth_secret,all & more'
      const published = await runTool(t, 'to_nsq', [nsqd, '-topic=t', secret], 'one\ntwo\n')
      assert.equal(published.exitCode, 0)
      const options = ['-topic=t', '-channel=c', '-n=2', '-consumer-opt=auth_secret,reader']
      const { output } = await runTool(t, 'nsq_tail', [nsqd, ...options])
      assert.deepEqual(output.trim().split('\n').toSorted(), ['one', 'two'])
      const refused = await runTool(t, 'to_nsq', [nsqd, '-topic=t'], 'three\n')
      assert.notEqual(refused.exitCode, 0)
    })
  })
}
