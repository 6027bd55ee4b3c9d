import assert from 'node:assert/strict'
import { test } from 'node:test'
import { installAndLoad, installNode, NODE_VERSIONS } from './node-versions.ts'
import { prepareOrSkip } from './skip.ts'

const own = process.versions.node.split('.')[0]!
for (const major of new Set([own, ...NODE_VERSIONS])) {
  void test(`Node ${major} installs and loads our client without a warning`, async (t) => {
    const node = await prepareOrSkip(t, () => installNode(major))
    if (node === undefined) return
    assert.equal(await installAndLoad(node), '')
  })
}
