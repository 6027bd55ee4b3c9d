import { runTool } from '../common/run-tool.ts'
import { NsqToFile } from './nsq-to-file.ts'
import { firstProblem, nsqToFileOptions, nsqToFileProblem } from './options.ts'

/** Runs nsq_to_file for the life of the process, with the words that follow its name. */
export function main(argv: readonly string[]): Promise<void> {
  return runTool({
    program: 'nsq_to_file',
    table: nsqToFileOptions,
    argv,
    checkFirst: firstProblem,
    check: nsqToFileProblem,
    start: (options, { exit }) => Promise.resolve(new NsqToFile(options, () => exit(1))),
    onHangup: (tool) => tool.hangUp(),
  })
}
