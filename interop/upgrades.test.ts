import { goNsq, nsqjs, pynsq } from './clients.ts'
import { testExchanges } from './exchange.ts'

testExchanges(goNsq)
testExchanges(nsqjs)
testExchanges(pynsq, ({ deflate, isSnappy }, binary) =>
  (deflate !== undefined || isSnappy === true) && binary === 'reference'
    ? 'pynsq closes on a read that holds no whole block, which the writes of nsqd 1.3.0 bring about'
    : undefined,
)
