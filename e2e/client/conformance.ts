// The client's acceptance checklist, each item a test, for whichever nsqd and nsqlookupd it is given. The numbers are the
// checklist's: docs/compatibility.md lists them.

import { after, suite } from 'node:test'

import { addressTests } from './address-tests.ts'
import { codecTests } from './codec-tests.ts'
import { commandSequenceTests } from './command-sequence-tests.ts'
import { consumerTests } from './consumer-tests.ts'
import { errorTests } from './error-tests.ts'
import { producerTests } from './producer-tests.ts'
import type { Programs } from './programs.ts'
import { readyTests } from './ready-tests.ts'
import { Shared } from './shared.ts'

export function clientConformance(programs: Programs): void {
  void suite(`the client against ${programs.name}`, () => {
    const shared = new Shared(programs)
    after(() => shared.stop())
    codecTests(shared)
    commandSequenceTests(shared)
    readyTests(shared)
    producerTests(programs)
    consumerTests(shared)
    errorTests(shared)
    addressTests(shared)
  })
}
