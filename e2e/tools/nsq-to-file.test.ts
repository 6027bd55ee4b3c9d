import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { gunzipSync } from 'node:zlib'

import { TempFolder, until } from '@tsq/testing'

import { TestNsqd } from './nsqd-topics.ts'
import { runTool, ToolProcess } from './tool-process.ts'

const CHANNEL = 'nsq_to_file'
const SOON = '--sync-interval=50ms'
const FIXED = '--datetime-format=now'

void suite('nsq_to_file', () => {
  const folder = new TempFolder('to-file')
  let nsqd: TestNsqd

  before(async () => {
    mkdirSync(folder.at('nsqd'))
    nsqd = await TestNsqd.start(folder.at('nsqd'))
  })

  after(async () => {
    await nsqd.stop()
    folder[Symbol.dispose]()
  })

  /** An archiver of one topic, into a folder named like it. */
  async function archive(topic: string, ...flags: readonly string[]): Promise<ToolProcess> {
    await nsqd.makeChannel(topic, CHANNEL)
    const source = [`--topic=${topic}`, `--nsqd-tcp-address=${nsqd.address}`]
    const host = '--host-identifier=host'
    const output = `--output-dir=${folder.at(topic)}`
    return new ToolProcess('nsq_to_file', [...source, output, host, FIXED, ...flags])
  }

  function files(topic: string): Record<string, string> {
    if (!existsSync(folder.at(topic))) return {}
    const names = readdirSync(folder.at(topic), { recursive: true, encoding: 'utf8' })
    const found = names.filter((name) => statSync(folder.at(topic, name)).isFile())
    return Object.fromEntries(found.toSorted().map((name) => [name, read(topic, name)]))
  }

  function read(topic: string, name: string): string {
    const bytes = readFileSync(folder.at(topic, name))
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  }

  async function publishAndWait(topic: string, ...bodies: readonly string[]): Promise<void> {
    await nsqd.publish(topic, ...bodies)
    await nsqd.drained(topic, CHANNEL)
  }

  test('a message is a line, and the name has its tokens filled in', async () => {
    const format = '--filename-format=<TOPIC>/<HOST>-<X>.<DATETIME><REV>.log'
    const flags = [SOON, format, '--host-identifier=h-<SHORT_HOST>', '--datetime-format=v1-%Y%%']
    await using tool = await archive('names', ...flags)
    await publishAndWait('names', 'one', 'two')
    assert.deepEqual(await tool.end(), { code: 0, signal: null })
    const [[name, text] = []] = Object.entries(files('names'))
    assert.match(name!, /^names\/h-[^.<>]+-<X>\.v1-\d{4}%\.log$/)
    assert.equal(text, 'one\ntwo\n')
    assert.match(
      tool.stderr,
      /^\[nsq_to_file\] \d{4}\/\d\d\/\d\d [\d:.]+ INFO: \[names\/nsq_to_file\] opening /m,
    )
    assert.match(tool.stderr, / syncing \d+ records to disk$/m)
  })

  test('an archiver begins again where a kill left half a line', async () => {
    mkdirSync(folder.at('torn'))
    writeFileSync(folder.at('torn', 'torn.host.now.log'), 'whole\nhal')
    await using tool = await archive('torn', SOON)
    await publishAndWait('torn', 'next')
    await tool.end()
    assert.deepEqual(files('torn'), { 'torn.host.now.log': 'whole\nhal\nnext\n' })
    assert.match(tool.stderr, /WARNING: .* ends in the middle of a line/)
  })

  test('a size begins a new revision once it is passed', async () => {
    await using tool = await archive('sized', SOON, '--rotate-size=10')
    await publishAndWait('sized', '12345', '12345', '67890', 'x')
    await tool.end()
    assert.deepEqual(files('sized'), {
      'sized.host-000000.now.log': '12345\n12345\n',
      'sized.host-000001.now.log': '67890\nx\n',
    })
  })

  test('an interval begins a new revision, an empty one too', async () => {
    await using tool = await archive('timed', SOON, '--rotate-interval=100ms')
    await until('three files are there', () => Object.keys(files('timed')).length >= 3)
    await tool.end()
    assert.deepEqual(new Set(Object.values(files('timed'))), new Set(['']))
  })

  test('without messages --skip-empty-files makes no file', async () => {
    await using tool = await archive('skipped', SOON, '--skip-empty-files')
    await nsqd.publish('skipped', 'a')
    await nsqd.drained('skipped', CHANNEL)
    tool.signal('SIGHUP')
    await publishAndWait('skipped', 'b')
    await tool.end()
    assert.deepEqual(files('skipped'), { 'skipped.host.now.log': 'a\nb\n' })
    await using idle = await archive('idle', SOON, '--skip-empty-files')
    await until(
      'it consumes',
      async () => ((await nsqd.channel('idle', CHANNEL))?.clients?.length ?? 0) > 0,
    )
    await idle.end()
    assert.deepEqual(files('idle'), {})
  })

  test('a compressed file ends well at every sync, and every piece is a batch that was finished', async () => {
    await using tool = await archive('zipped', '--sync-interval=100ms', '--gzip')
    for (let batch = 0; batch < 3; batch++) {
      const bodies = Array.from({ length: 10 }, (_, n) => `${batch}-${n}`)
      await publishAndWait('zipped', ...bodies)
      const [text = ''] = Object.values(files('zipped'))
      assert.equal(text.split('\n').length - 1, (batch + 1) * 10, 'whole while it is written to')
    }
    await tool.end()
    assert.deepEqual(Object.keys(files('zipped')), ['zipped.host-000000.now.log.gz'])
    const bytes = readFileSync(folder.at('zipped', 'zipped.host-000000.now.log.gz'))
    const synced = [...tool.stderr.matchAll(/ syncing (\d+) records/g)]
    // A file made by the first tick begins with an empty piece.
    const empty = memberCount(bytes) - synced.length
    assert.ok(synced.length > 1 && (empty === 0 || empty === 1), `${synced.length} and ${empty}`)
  })

  test('an empty compressed file is whole', async () => {
    await using tool = await archive('hollow', SOON, '--gzip')
    const folderOf = folder.at('hollow')
    await until('there is a file', () => existsSync(folderOf) && readdirSync(folderOf).length > 0)
    await tool.end()
    assert.deepEqual(files('hollow'), { 'hollow.host-000000.now.log.gz': '' })
  })

  const hangups: [flags: string[], after: string[]][] = [
    [[], ['.now.log']],
    [['--gzip'], ['-000000.now.log.gz', '-000001.now.log.gz']],
    [['--rotate-interval=1h'], ['-000000.now.log', '-000001.now.log']],
    [['--rotate-size=1000'], ['-000000.now.log', '-000001.now.log']],
    [['--work-dir=work'], ['-000000.now.log', '-000001.now.log']],
    [
      ['--work-dir=work', '--skip-empty-files', '--gzip'],
      ['-000000.now.log.gz', '-000001.now.log.gz'],
    ],
  ]
  for (const [index, [flags, names]] of hangups.entries()) {
    test(`HUP finishes the file and the tool goes on: ${flags.join(' ') || 'plain'}`, async () => {
      const topic = `hup${index}`
      const given = flags.map((flag) => flag.replace(/^--work-dir=/, `$&${folder.path}/`))
      await using tool = await archive(topic, '--sync-interval=30ms', ...given)
      await publishAndWait(topic, 'before')
      tool.signal('SIGHUP')
      // It can be read before the signal is worked off: only a move, or the next file the tick opens, comes after.
      await until('the file is finished', () => {
        const isOver = tool.stderr.includes('moving finished') || openings(tool) > 1
        return isOver && Object.values(files(topic)).includes('before\n')
      })
      await publishAndWait(topic, 'after')
      assert.deepEqual(await tool.end(), { code: 0, signal: null })
      const found = files(topic)
      assert.equal(Object.values(found).join(''), 'before\nafter\n')
      for (const name of names) assert.ok(`${topic}.host${name}` in found, `${name} is there`)
    })
  }

  test('an empty compressed file that is there is passed by', async () => {
    mkdirSync(folder.at('begun'))
    writeFileSync(folder.at('begun', 'begun.host-000000.now.log.gz'), '')
    await using tool = await archive('begun', SOON, '--gzip')
    await publishAndWait('begun', 'mine')
    await tool.end()
    assert.match(tool.stderr, /working file already exists: .*000000/)
    assert.equal(readFileSync(folder.at('begun', 'begun.host-000000.now.log.gz')).length, 0)
    assert.equal(read('begun', 'begun.host-000001.now.log.gz'), 'mine\n')
  })

  for (const [topic, ...flags] of [['shared'], ['shared-work', '--work-dir=work']] as const) {
    test(`two can share a folder: --gzip ${flags.join(' ')}`, async () => {
      const given = flags.map((flag) => flag.replace(/^--work-dir=/, `$&${folder.path}/`))
      const all = ['--sync-interval=20ms', '--gzip', '--datetime-format=%S', ...given]
      await using first = await archive(topic, ...all)
      await using second = await archive(topic, ...all)
      const published: string[] = []
      // Both change files at the same moments, three times.
      for (const end = Date.now() + 3_000; Date.now() < end;) {
        const body = String(published.length)
        await nsqd.publish(topic, body)
        published.push(body)
      }
      await nsqd.drained(topic, CHANNEL)
      for (const tool of [first, second]) {
        const { code } = await tool.end()
        assert.equal(code, 0, tool.stderr)
      }
      const lines = Object.values(files(topic)).join('').split('\n').filter(Boolean)
      assert.deepEqual(
        lines.toSorted((a, b) => Number(a) - Number(b)),
        published,
      )
    })
  }

  test('what is finished never overwrites what is there', async () => {
    const topic = 'clash'
    mkdirSync(folder.at(topic))
    const taken = folder.at(topic, 'clash.host-000000.now.log')
    writeFileSync(taken, 'theirs\n')
    await using tool = await archive(topic, SOON, `--work-dir=${folder.at('clash-work')}`)
    await publishAndWait(topic, 'mine')
    // The name it is to get is taken while it is being written.
    writeFileSync(folder.at(topic, 'clash.host-000001.now.log'), 'theirs too\n')
    await tool.end()
    assert.deepEqual(files(topic), {
      'clash.host-000000.now.log': 'theirs\n',
      'clash.host-000001.now.log': 'theirs too\n',
      'clash.host-000002.now.log': 'mine\n',
    })
    assert.match(tool.stderr, /output file already exists: .*000000/)
    assert.match(tool.stderr, /destination file already exists: .*000001/)
    assert.match(tool.stderr, /renamed finished file .* to avoid overwrite/)
    assert.deepEqual(readdirSync(folder.at('clash-work')), [])
  })

  const elsewhere = '/dev/shm'
  const isElsewhere = existsSync(elsewhere) && statSync(elsewhere).dev !== statSync(folder.path).dev
  const skip = !isElsewhere && 'no second file system at /dev/shm'
  test('a work folder on another file system is refused at once', { skip }, async () => {
    const work = mkdtempSync(`${elsewhere}/tsq-to-file-`)
    try {
      await using tool = await archive('apart', SOON, `--work-dir=${work}`)
      assert.equal((await tool.ended()).code, 1)
      assert.match(tool.stderr, / --work-dir and --output-dir must be on one file system$/m)
      assert.deepEqual(readdirSync(work), [])
    } finally {
      rmSync(work, { recursive: true })
    }
  })

  test('a message that cannot be written ends it and is not finished', async () => {
    const topic = 'unwritable'
    await using tool = await archive(topic, SOON, '--filename-format=taken/file')
    writeFileSync(folder.at('blocker'), '')
    await tool.end()
    await using blocked = new ToolProcess('nsq_to_file', [
      `--topic=${topic}`,
      `--nsqd-tcp-address=${nsqd.address}`,
      `--output-dir=${folder.at('blocker')}`,
      SOON,
    ])
    await nsqd.publish(topic, 'kept')
    assert.equal((await blocked.ended()).code, 1)
    assert.match(blocked.stderr, /FATAL: \[unwritable\/nsq_to_file\] .*(ENOTDIR|EEXIST)/)
    // NSQ's nsqd gives it out again when its time is over, ours at once.
    const stats = await nsqd.channel(topic, CHANNEL)
    assert.equal((stats?.depth ?? 0) + (stats?.in_flight_count ?? 0), 1)
  })

  test('a message delivered many times is archived all the same', async () => {
    const topic = 'tried'
    await nsqd.makeChannel(topic, CHANNEL)
    await nsqd.publish(topic, 'again and again')
    const { Consumer } = await import('@tsq/client')
    const consumer = new Consumer({
      topic,
      channel: CHANNEL,
      nsqd: nsqd.address,
      maxBackoffMs: 0,
      maxAttempts: 0,
    })
    const tried = new Promise<void>((resolve) => {
      consumer.run((message) => {
        if (message.attempts >= 8) resolve()
        message.requeue(0, { backoff: false })
      })
    })
    await tried
    await consumer.close()
    await using tool = await archive(topic, SOON)
    await nsqd.drained(topic, CHANNEL)
    await tool.end()
    assert.deepEqual(files(topic), { 'tried.host.now.log': 'again and again\n' })
  })

  test('a nsqd that is away is told and tried again; a topic that cannot be is told', async () => {
    const args = ['--topic=away', '--topic=a b', `--output-dir=${folder.at('away')}`]
    await using tool = new ToolProcess('nsq_to_file', [...args, '--nsqd-tcp-address=127.0.0.1:1'])
    const refusals = (): number => tool.stderr.split('connect: connection refused').length - 1
    await until('it was tried twice', () => refusals() >= 2, { timeoutMs: 20_000 })
    assert.match(
      tool.stderr,
      /ERROR: couldn't create logger for new topic a b: invalid topic name$/m,
    )
    assert.deepEqual(await tool.end(), { code: 0, signal: null })
  })

  test('it stays up though no topic can be archived', async () => {
    const args = ['--topic=a b', `--output-dir=${folder.at('none')}`]
    await using tool = new ToolProcess('nsq_to_file', [...args, '--nsqd-tcp-address=127.0.0.1:1'])
    await until('it has told', () => tool.stderr.includes("couldn't create logger"))
    // One with nothing to wait for would be gone within a few milliseconds.
    const gone = tool.ended(500).then(({ code }) => code)
    await assert.rejects(gone, /did not end/)
  })

  test('a lookupd address without a port ends it before any topic', async () => {
    const output = `--output-dir=${folder.at('none')}`
    for (const source of ['--topic=fine', '--topic-pattern=.']) {
      const args = [source, output, '--lookupd-http-address=127.0.0.1']
      const { code, stderr } = await runTool('nsq_to_file', args)
      assert.equal(code, 1)
      assert.match(stderr, / missing port\n$/)
      assert.doesNotMatch(stderr, /couldn't create/)
    }
  })

  test('it says who it is', async () => {
    await using tool = await archive('known', SOON)
    await until('it consumes', async () => {
      const [client] = (await nsqd.channel('known', CHANNEL))?.clients ?? []
      return /^nsq_to_file\/1\.3\.0 tsq-client\/\d/.test(client?.user_agent ?? '')
    })
    await tool.end()
  })

  test('--help is on stderr with 0, --version on stdout', async () => {
    const help = await runTool('nsq_to_file', ['-h'])
    assert.deepEqual([help.code, help.stdout], [0, ''])
    assert.match(help.stderr, /^Usage of nsq_to_file:\n/)
    const version = await runTool('nsq_to_file', ['--version'])
    assert.deepEqual([version.code, version.stdout], [0, 'nsq_to_file v1.3.0\n'])
  })

  test('bad flags end it with 2, bad values with 1', async () => {
    const unknown = await runTool('nsq_to_file', ['--reader-opt=x'])
    assert.equal(unknown.code, 2)
    assert.match(unknown.stderr, /^flag provided but not defined: -reader-opt\n[^]*^Usage of /m)
    const opt = await runTool('nsq_to_file', ['--consumer-opt=sample_rate,100'])
    assert.equal(opt.code, 2)
    assert.match(
      opt.stderr,
      /^invalid value "sample_rate,100" for flag -consumer-opt: invalid sample_rate ! 100 > 99\n/,
    )
    const extra = await runTool('nsq_to_file', ['--version', 'extra', 'word'])
    assert.equal(extra.code, 1)
    assert.match(extra.stderr, / unknown arguments: \[extra word\]\n$/)
  })
})

/** How often it has opened a file. */
function openings({ stderr }: ToolProcess): number {
  return stderr.split('] opening ').length - 1
}

/** How many gzip members there are one after the other. */
function memberCount(bytes: Buffer): number {
  let count = 0
  // A member begins with these four: gzip, deflate, no flags, and the time left out.
  const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0])
  for (let at = bytes.indexOf(head); at !== -1; at = bytes.indexOf(head, at + 1)) count++
  return count
}
