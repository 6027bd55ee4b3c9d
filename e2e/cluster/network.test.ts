import { test } from 'node:test'

import { cutTheNetwork } from './cut-story.ts'
import { Network } from './network.ts'

// The long form: node e2e/dist/cluster/main.js cut --seconds 60
void test('a cluster goes on while its network is cut, and mends by itself', async (t) => {
  const made = Network.create()
  if (typeof made === 'string') {
    t.skip(made)
    return
  }
  using network = made
  const note = (text: string): void => t.diagnostic(text)
  await cutTheNetwork({ network, cutMs: 7_000, perSecond: 40, isPatient: false, note })
})
