// A program written for nsqjs runs on our client with nothing changed but its import, and prints the same.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { installNsqjs } from './build.ts'
import { interopFolder } from './folders.ts'
import { nsqdBinaries, type RunningNsqd, startNsqd } from './nsqd.ts'
import { prepareOrSkip } from './skip.ts'

const TIMEOUT_MS = 30_000
const IMPORT = "require('nsqjs')"

/** What the program prints, its lines in order. */
async function printed(source: string, nsqd: RunningNsqd): Promise<string[]> {
  const args = ['--eval', source, '--', ...nsqd.tcpAddress.split(':')]
  const options = { cwd: interopFolder, timeout: TIMEOUT_MS }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options)
  assert.equal(stderr, '')
  return stdout.trim().split('\n').toSorted()
}

for (const binary of ['ours', 'reference'] as const) {
  void test(`a program for nsqjs runs unchanged but for its import, against ${nsqdBinaries[binary]}`, async (t) => {
    const source = await readFile(join(interopFolder, 'nsqjs', 'program.js'), 'utf8')
    const isReady = await prepareOrSkip(t, async () => {
      await installNsqjs()
      return true
    })
    if (isReady === undefined) return
    const outputs: string[][] = []
    for (const from of ['nsqjs', '@tsq/client/nsqjs']) {
      assert.ok(source.includes(IMPORT))
      const nsqd = await prepareOrSkip(t, () => startNsqd({ binary }))
      if (nsqd === undefined) return
      try {
        outputs.push(await printed(source.replace(IMPORT, `require('${from}')`), nsqd))
      } finally {
        await nsqd.stop()
      }
    }
    const [theirs, ours] = outputs
    assert.deepEqual(ours, theirs)
    t.diagnostic(`the same ${ours?.length} lines`)
  })
}
