import { runTool } from '../common/run-tool.ts'
import { NsqToNsq } from './nsq-to-nsq.ts'
import { nsqToNsqOptions, nsqToNsqProblem } from './options.ts'

/** `nsq_to_nsq`: publishes the messages of topics to other nsqd. */
export function nsqToNsq(argv: readonly string[], program = 'nsq_to_nsq'): Promise<void> {
  return runTool({
    program,
    table: nsqToNsqOptions,
    argv,
    check: nsqToNsqProblem,
    start: (values) => NsqToNsq.start(values),
  })
}
