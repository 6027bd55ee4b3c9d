// Our client's acceptance checklist against nsqd and nsqlookupd 1.3.0. Against ours it is part of npm test: the tests
// themselves are in e2e/client.
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import type * as Conformance from '../e2e/client/conformance.ts'
import { buildReference, ToolMissingError } from './build.ts'
import { repositoryFolder } from './folders.ts'

const suite = join(repositoryFolder, 'e2e', 'dist', 'client', 'conformance.js')
const conformance: typeof Conformance = await import(pathToFileURL(suite).href)

try {
  const [nsqd, nsqlookupd] = [await buildReference('nsqd'), await buildReference('nsqlookupd')]
  conformance.clientConformance({
    name: 'nsqd 1.3.0',
    nsqd: [nsqd],
    nsqlookupd: [nsqlookupd],
    keepsAcknowledged: false,
  })
} catch (error) {
  if (!(error instanceof ToolMissingError) || process.env['CI'] === 'true') throw error
  void test('the client against nsqd 1.3.0', { skip: error.message }, () => {})
}
