import { parseArgs } from 'node:util'

export interface ToolsOptions {
  readonly nsqd: string
  /** The folder with NSQ's own tools; ours alone are measured without it. */
  readonly reference: string | undefined
  readonly messages: number
  readonly bodyBytes: number
  readonly repeats: number
  readonly only: readonly string[]
}

export const USAGE = `node bench/dist/tools/main.js [--reference <folder>] [--messages 200000] [--bytes 200] [--repeats 3]
    [--only to_nsq,nsq_to_file,nsq_to_nsq,nsq_to_http] [--nsqd <nsqd>]

Measures these tools, in turn with NSQ's own from <folder>, all against the same nsqd. "node interop/dist/build.js
to_nsq nsq_to_file nsq_to_nsq nsq_to_http" builds those and says where they are. The table goes to stdout, in Markdown.
`

/** @throws {Error} for options that make no sense. */
export function readToolsOptions(argv: readonly string[], nsqd: string): ToolsOptions | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      nsqd: { type: 'string', default: nsqd },
      reference: { type: 'string' },
      messages: { type: 'string', default: '200000' },
      bytes: { type: 'string', default: '200' },
      repeats: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  return {
    nsqd: values.nsqd,
    reference: values.reference,
    messages: whole('messages', values.messages),
    bodyBytes: whole('bytes', values.bytes),
    repeats: whole('repeats', values.repeats),
    only: values.only === '' ? [] : values.only.split(','),
  }
}

function whole(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new Error(`--${name} ${text} is not a whole number from 1`)
  }
  return value
}
