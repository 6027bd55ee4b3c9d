import { runTool } from '../common/run-tool.ts'
import { NsqToNsq } from './nsq-to-nsq.ts'
import { nsqToNsqOptions, nsqToNsqProblem } from './options.ts'

/** `nsq_to_nsq`: publishes the messages of topics to other nsqd. */
export function main(argv: readonly string[]): Promise<void> {
  return runTool({
    program: 'nsq_to_nsq',
    table: nsqToNsqOptions,
    argv,
    check: nsqToNsqProblem,
    start: (values) => NsqToNsq.start(values),
  })
}
