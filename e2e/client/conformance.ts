// The client's acceptance checklist, each item a test, for whichever nsqd and nsqlookupd it is given. The numbers are the
// checklist's: docs/compatibility.md lists them.

import { suite } from 'node:test'

import { addressTests } from './address-tests.ts'
import { codecTests } from './codec-tests.ts'
import { commandSequenceTests } from './command-sequence-tests.ts'
import { consumerTests } from './consumer-tests.ts'
import { errorTests } from './error-tests.ts'
import { producerTests } from './producer-tests.ts'
import type { Programs } from './programs.ts'
import { readyTests } from './ready-tests.ts'

export function clientConformance(programs: Programs): void {
  void suite(`the client against ${programs.name}`, () => {
    codecTests(programs)
    commandSequenceTests(programs)
    readyTests(programs)
    producerTests(programs)
    consumerTests(programs)
    errorTests(programs)
    addressTests(programs)
  })
}
