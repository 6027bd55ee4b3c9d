// What there is to say of every command, in one list: the reference pages and the completions are made from it.

import { defineOptions, type OptionTable } from '@tsq/daemon'
import { nsqadminOptions } from '@tsq/nsqadmin'
import { nsqdOptions } from '@tsq/nsqd'
import { nsqlookupdOptions } from '@tsq/nsqlookupd'
import {
  nsqStatOptions,
  nsqTailOptions,
  nsqToFileOptions,
  nsqToHttpOptions,
  nsqToNsqOptions,
  toNsqOptions,
} from '@tsq/tools'

import { dataPathOptions } from '../data-path.ts'
import { importOptions } from '../import.ts'
import { pubOptions } from '../pub.ts'
import { clusterOptions, upOptions } from '../up/options.ts'

/** One command. */
export interface Page {
  /** As it is typed: `nsq_to_file`, `tsq up`. */
  readonly command: string
  /** What else it may be called: `tsq to-file`. */
  readonly alias?: string
  readonly summary: string
  readonly synopsis: string
  readonly table: OptionTable
  /** Whether its options may stand in a TOML file too. */
  readonly hasConfig?: boolean
  readonly hasVersion?: boolean
  /** Words it takes that are no flags; completed. */
  readonly words?: readonly string[]
  /** Paragraphs for the reference page. */
  readonly notes?: readonly string[]
}

const TOOL_EXIT =
  'Exit code 0 after a clean end, 1 for a value that cannot be used or a failure, 2 for a flag that cannot be understood.'
const TOOL_STOP =
  'INT and TERM stop it gently: it takes no new messages, answers those in hand and ends, after 30 s in any case.'
const NEVER_GIVES_UP =
  'It never gives a message up for its attempts, as NSQ 1.3.0 does after five. `--consumer-opt=max_attempts,5` brings that ' +
  'limit back, and with it the loss.'
const LIVE_GUIDE = '[passing messages on and looking at them](../guides/tools-live.md)'

const NO_OPTIONS = defineOptions({})

export const SHELLS = ['bash', 'zsh', 'fish'] as const

export const pages: readonly Page[] = [
  {
    command: 'nsqd',
    alias: 'tsq nsqd',
    summary: 'the broker',
    synopsis: 'nsqd [flags]',
    table: nsqdOptions,
    hasConfig: true,
    hasVersion: true,
  },
  {
    command: 'nsqlookupd',
    alias: 'tsq nsqlookupd',
    summary: 'the directory: which nsqd has which topic',
    synopsis: 'nsqlookupd [flags]',
    table: nsqlookupdOptions,
    hasConfig: true,
    hasVersion: true,
  },
  {
    command: 'nsqadmin',
    alias: 'tsq nsqadmin',
    summary: 'the page for operators',
    synopsis: 'nsqadmin [flags]',
    table: nsqadminOptions,
    hasConfig: true,
    hasVersion: true,
  },
  {
    command: 'nsq_tail',
    alias: 'tsq tail',
    summary: 'prints the messages of topics',
    synopsis: 'nsq_tail --topic=<topic>... --nsqd-tcp-address=<host:port>... [flags]',
    table: nsqTailOptions,
    hasVersion: true,
    notes: [
      '`tsq tail <topic>...` takes topics without a flag too, and the nsqd of this machine unless told otherwise.',
      'With `--n` everything printed is finished, and nothing else was taken.',
      NEVER_GIVES_UP,
      TOOL_STOP,
      TOOL_EXIT,
    ],
  },
  {
    command: 'nsq_stat',
    alias: 'tsq stat',
    summary: 'shows what a channel does, again and again',
    synopsis:
      'nsq_stat --topic=<topic> --channel=<channel> --nsqd-http-address=<host:port>... [flags]',
    table: nsqStatOptions,
    hasVersion: true,
    notes: [
      'On a terminal it is a table that stays in its place; elsewhere its lines are those of NSQ.',
      'INT, TERM and HUP end it at once.',
      TOOL_EXIT,
    ],
  },
  {
    command: 'nsq_to_file',
    alias: 'tsq to-file',
    summary: 'archives topics to files, a message a line',
    synopsis: 'nsq_to_file --topic=<topic>... --nsqd-tcp-address=<host:port>... [flags]',
    table: nsqToFileOptions,
    hasVersion: true,
    notes: [
      'A message is finished once its line is synced to disk, and never before. The guide to [archiving](../guides/archiving.md) ' +
        'says what that means for rotation, compression and restarts.',
      'In `--datetime-format`: `%Y` `%y` `%m` `%d` `%H` `%I` `%M` `%S` `%p` `%B` `%b` `%A` `%a` `%Z` `%z` `%%`; everything else ' +
        'stays as it is.',
      NEVER_GIVES_UP,
      'HUP closes the file being written; the next message opens another. ' + TOOL_STOP,
      TOOL_EXIT,
    ],
  },
  {
    command: 'nsq_to_http',
    alias: 'tsq to-http',
    summary: 'sends messages as HTTP requests',
    synopsis:
      'nsq_to_http --topic=<topic> --post=<url>... --nsqd-tcp-address=<host:port>... [flags]',
    table: nsqToHttpOptions,
    hasVersion: true,
    notes: [
      'A message is finished once its request was answered with success, and goes back to nsqd otherwise. The guide to ' +
        `${LIVE_GUIDE} says how the modes differ.`,
      NEVER_GIVES_UP,
      TOOL_STOP,
      TOOL_EXIT,
    ],
  },
  {
    command: 'nsq_to_nsq',
    alias: 'tsq nsq-to-nsq',
    summary: 'publishes messages to other nsqd',
    synopsis:
      'nsq_to_nsq --topic=<topic>... --nsqd-tcp-address=<host:port>... --destination-nsqd-tcp-address=<host:port>... [flags]',
    table: nsqToNsqOptions,
    hasVersion: true,
    notes: [
      'A message is finished once a destination has answered `OK`, or when the filter has no use for it; see ' +
        `${LIVE_GUIDE}.`,
      NEVER_GIVES_UP,
      TOOL_STOP,
      TOOL_EXIT,
    ],
  },
  {
    command: 'to_nsq',
    alias: 'tsq to-nsq',
    summary: 'publishes the records of standard input',
    synopsis: 'to_nsq --topic=<topic> --nsqd-tcp-address=<host:port>... [flags] < input',
    table: toNsqOptions,
    notes: [
      'Empty records are left out; the last one needs no delimiter. On a terminal it shows how many records are published, and ' +
        'how fast.',
      'What a nsqd refuses, or a connection that is lost, ends it with exit code 1. By then some of the records after the last one ' +
        'acknowledged may be published too: up to 4 MB of them are on their way at a time.',
      'INT and TERM end it when what has been read is published.',
      TOOL_EXIT,
    ],
  },
  {
    command: 'tsq up',
    summary: 'runs a cluster on this machine: nsqlookupd, nsqd and nsqadmin, supervised',
    synopsis: 'tsq up [flags]',
    table: upOptions,
    notes: [
      'What the daemons log is shown as one log. What nsqadmin and consumers ask every few seconds, and is answered as ever, is left out of it.',
      'Ctrl-C or `tsq down` stops all in order; a second Ctrl-C kills what is left.',
    ],
  },
  {
    command: 'tsq status',
    summary: 'says what of the cluster runs; exit code 1 where not all of it is up',
    synopsis: 'tsq status [flags]',
    table: clusterOptions,
  },
  {
    command: 'tsq down',
    summary: 'stops the cluster',
    synopsis: 'tsq down [flags]',
    table: clusterOptions,
  },
  {
    command: 'tsq pub',
    summary: 'publishes each word as a message',
    synopsis: 'tsq pub [flags] <topic> <message>...',
    table: pubOptions,
  },
  {
    command: 'tsq check',
    summary: 'reads everything on a data path; exit code 1 when something does not check',
    synopsis: 'tsq check [flags] <data-path>',
    table: dataPathOptions,
  },
  {
    command: 'tsq info',
    summary: 'says what is on a data path, without reading it all',
    synopsis: 'tsq info [flags] <data-path>',
    table: dataPathOptions,
  },
  {
    command: 'tsq import',
    summary:
      'takes over what nsqd 1.x left on a data path; exit code 1 when something was left out',
    synopsis: 'tsq import [flags] <data-path>',
    table: importOptions,
  },
  {
    command: 'tsq completion',
    summary: 'prints what makes a shell complete all these commands and their flags',
    synopsis: `tsq completion ${SHELLS.join('|')}`,
    table: NO_OPTIONS,
    words: SHELLS,
    notes: [
      'For bash, in `~/.bashrc`: `source <(tsq completion bash)`.',
      'For zsh, into a folder of `$fpath`: `tsq completion zsh > "${fpath[1]}/_tsq"`.',
      'For fish: `tsq completion fish > ~/.config/fish/completions/tsq.fish`. fish looks for a file of the name of the command, so ' +
        'for the names of NSQ put a line `source` of that file into `config.fish`.',
    ],
  },
]

/** Which of their options are `key,value` with the names of go-nsq. */
export const CLIENT_OPTION_FLAGS: readonly string[] = ['consumer-opt', 'producer-opt']
