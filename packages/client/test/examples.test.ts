import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { FakeNsqd } from './support/fake-nsqd.ts'

async function run(name: string, ...args: string[]): Promise<string> {
  const path = fileURLToPath(new URL(`../examples/${name}.js`, import.meta.url))
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [path, ...args], {
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
