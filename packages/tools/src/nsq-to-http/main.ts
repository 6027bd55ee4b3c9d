import { runTool } from '../common/run-tool.ts'
import { NsqToHttp } from './nsq-to-http.ts'
import { nsqToHttpOptions, nsqToHttpProblem } from './options.ts'

/** `nsq_to_http`: sends each message of a topic as an HTTP request. */
export function main(argv: readonly string[]): Promise<void> {
  return runTool({
    program: 'nsq_to_http',
    table: nsqToHttpOptions,
    argv,
    check: nsqToHttpProblem,
    start: (values) => NsqToHttp.start(values),
  })
}
