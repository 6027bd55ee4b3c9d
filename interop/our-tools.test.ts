// Our utilities with NSQ's own nsqd: the same tests as with ours, in e2e/tools.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { suite, test } from 'node:test'
import { buildReference } from './build.ts'
import { repositoryFolder } from './folders.ts'
import { prepareOrSkip } from './skip.ts'

const TIMEOUT_MS = 5 * 60_000
const NAMES = ['to-nsq', 'nsq-to-file', 'nsq-tail', 'nsq-stat', 'nsq-to-http', 'nsq-to-nsq']

void suite("our utilities with NSQ's nsqd", () => {
  for (const name of NAMES) {
    void test(name, { timeout: TIMEOUT_MS }, async (t) => {
      const nsqd = await prepareOrSkip(t, () => buildReference('nsqd'))
      if (nsqd === undefined) return
      const file = join(repositoryFolder, 'e2e/dist/tools', `${name}.test.js`)
      // A runner inside a runner would report to the outer one, in its own format.
      const { NODE_TEST_CONTEXT: _outer, ...environment } = process.env
      const child = spawn(process.execPath, ['--test', file], {
        env: { ...environment, TSQ_E2E_NSQD: nsqd },
        stdio: ['ignore', 'pipe', 'inherit'],
        signal: t.signal,
      })
      const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
      assert.equal(code, 0, output)
      assert.match(output, /^# pass [1-9]/m)
    })
  }
})
