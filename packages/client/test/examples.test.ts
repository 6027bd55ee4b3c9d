import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { FakeNsqd } from './support/fake-nsqd.ts'

const examples = new URL('../examples/', import.meta.url)
const tried = new Set<string>()

function pathOf(name: string): string {
  tried.add(`${name}.js`)
  return fileURLToPath(new URL(`${name}.js`, examples))
}

async function run(name: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [pathOf(name), ...args], {
    timeout: 20_000,
  })
  assert.equal(stderr, '')
  return stdout
}

void test('the publishing examples publish', async () => {
  await using fake = await FakeNsqd.start()
  assert.match(await run('publish', fake.address), /messagesPublished: 4/)
  assert.equal(fake.commands.length, 3)
  assert.match(await run('pool', fake.address), /messagesPublished: 10/)
})

void test('the iterating example takes three messages and leaves', async () => {
  await using fake = await FakeNsqd.start({
    onCommand: (command, session) => {
      if (command.name === 'RDY') session.message('1', 'one')
      else if (command.name === 'FIN') session.message('2', 'more')
      return false
    },
  })
  assert.equal(await run('iterate', fake.address), 'one\nmore\nmore\n')
})

void test('the nsqjs example says hello to itself', async () => {
  await using fake = await FakeNsqd.start({
    onCommand: (command) => {
      if (command.name !== 'PUB') return false
      const reader = fake.sessions.find((session) => session.commands[0]?.startsWith('SUB'))
      reader?.message('1', String(command.bodies[0]))
      return false
    },
  })
  const said = await run('from-nsqjs', '127.0.0.1', String(fake.port))
  assert.match(said, /"it":"really tied the room together"/)
})

void test('the consuming example handles messages until it is told to end', async () => {
  await using fake = await FakeNsqd.start({
    onCommand: (command, session) => {
      if (command.name === 'RDY' && command.params[0] !== '0') session.message('1', '{"id":1}')
      return false
    },
  })
  const child = spawn(process.execPath, [pathOf('consume'), fake.address])
  const ended = once(child, 'exit')
  let said = ''
  child.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString()
  })
  await fake.until(() => fake.commands.some((command) => command.startsWith('FIN')), 'FIN', 20_000)
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
  assert.match(said, /1 \{ id: 1 \}/)
})

void test('every example was run', () => {
  const all = readdirSync(examples).filter((file) => file.endsWith('.js'))
  assert.deepEqual([...tried].toSorted(), all.toSorted())
})
