import { FatalError } from '../common/fatal-error.ts'
import { runTool, type ToolContext } from '../common/run-tool.ts'
import { NsqTail } from './nsq-tail.ts'
import { type NsqTailOptions, nsqTailOptions, nsqTailProblem } from './options.ts'

const NEAREST_NSQD = '127.0.0.1:4150'

/** `nsq_tail`: prints the messages of topics. */
export function main(argv: readonly string[]): Promise<void> {
  return runTool({
    program: 'nsq_tail',
    table: nsqTailOptions,
    argv,
    check: nsqTailProblem,
    start: (values, context) => NsqTail.start(values, context),
  })
}

/** `tsq tail <topic>...`: the same, for topics named without a flag too, at the nsqd of this machine unless told where. */
export function tsqTail(argv: readonly string[]): Promise<void> {
  return runTool({
    program: 'tsq tail',
    table: nsqTailOptions,
    argv,
    check: (values, words) => {
      const late = words.find((word) => word.startsWith('-'))
      if (late !== undefined) return `flags come first: tsq tail [flags] <topic>...; found ${late}`
      const full = withWords(values, words)
      return full.topics.length === 0 ? 'usage: tsq tail [flags] <topic>...' : nsqTailProblem(full)
    },
    start: (values, context) => startHere(withWords(values, context.positional), context),
  })
}

async function startHere(values: NsqTailOptions, context: ToolContext): Promise<NsqTail> {
  try {
    return await NsqTail.start(values, context)
  } catch (error) {
    if (!(error instanceof FatalError) || !error.message.endsWith('connection refused')) throw error
    const hint = 'is a nsqd running there? "tsq up" starts one'
    throw new FatalError(`${error.message}; ${hint}`, { cause: error })
  }
}

function withWords(values: NsqTailOptions, words: readonly string[]): NsqTailOptions {
  const hasAddress = values.nsqdTcpAddresses.length + values.lookupdHttpAddresses.length > 0
  return {
    ...values,
    topics: [...values.topics, ...words],
    nsqdTcpAddresses: hasAddress ? values.nsqdTcpAddresses : [NEAREST_NSQD],
  }
}
