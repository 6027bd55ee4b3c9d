import { runTool } from '../common/run-tool.ts'
import { toNsqOptions, toNsqProblem } from './options.ts'
import { ToNsq } from './to-nsq.ts'

/** Runs to_nsq for the life of the process, with the words that follow its name. */
export function main(argv: readonly string[]): Promise<void> {
  return runTool({
    program: 'to_nsq',
    table: toNsqOptions,
    argv,
    hasVersion: false,
    check: toNsqProblem,
    start: (options, { end, fail }) => {
      const tool = new ToNsq(options, process.stdin)
      tool.run().then(end, fail)
      return Promise.resolve(tool)
    },
  })
}
