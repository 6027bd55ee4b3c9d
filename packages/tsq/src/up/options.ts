import { boolean, choice, defineOptions, integer, type OptionsOf, text } from '@tsq/daemon'

const CLUSTER = 'Cluster'

export const upOptions = defineOptions({
  nsqd: integer({
    flag: 'nsqd',
    default: 1,
    min: 1,
    max: 20,
    group: CLUSTER,
    doc: 'how many nsqd',
  }),
  nsqlookupd: integer({
    flag: 'nsqlookupd',
    default: 1,
    min: 0,
    max: 20,
    group: CLUSTER,
    doc: 'how many nsqlookupd',
  }),
  data: text({
    flag: 'data',
    default: 'tsq-data',
    group: CLUSTER,
    doc: 'folder for everything the cluster keeps; made if need be',
  }),
  bind: text({
    flag: 'bind',
    default: '127.0.0.1',
    group: CLUSTER,
    doc: 'address the daemons listen on, and give to each other',
  }),
  basePort: integer({
    flag: 'base-port',
    default: 4100,
    min: 0,
    max: 60_000,
    group: CLUSTER,
    doc: 'the first nsqd is at +50 and +51, the first nsqlookupd at +60 and +61, the next ones 100 further on, nsqadmin at +71; 0 for any free ports',
  }),
  nsqadmin: boolean({
    flag: 'nsqadmin',
    default: true,
    group: CLUSTER,
    doc: 'run nsqadmin, the page for operators; --nsqadmin=false for none',
  }),
  archive: text({
    flag: 'archive',
    default: '',
    group: CLUSTER,
    doc: 'write the messages of every topic to files in this folder, which is made if need be; empty for none',
  }),
  ackAfter: choice({
    flag: 'ack-after',
    choices: ['memory', 'write', 'fsync'],
    default: 'write',
    group: CLUSTER,
    doc: 'given to each nsqd',
  }),
})

export type UpOptions = OptionsOf<typeof upOptions>

/** The flags of `tsq down` and `tsq status`. */
export const clusterOptions = defineOptions({ data: upOptions.data })

/** Rules across these options; each problem is a sentence. */
export function upRules({ archive, nsqlookupd }: UpOptions): string[] {
  if (archive === '' || nsqlookupd > 0) return []
  return ['--archive finds topics through nsqlookupd: it needs --nsqlookupd=1 or more']
}

/** Where a process listens; undefined where it doesn't. */
export interface Ports {
  readonly tcp?: number
  readonly http?: number
}

const NSQD_OFFSET = 50
const NSQLOOKUPD_OFFSET = 60
const NSQADMIN_OFFSET = 71
const STEP = 100

/** Where the daemon of a kind listens, counted from 0; zeros for any free port. */
export function portsOf(kind: 'nsqd' | 'nsqlookupd', index: number, basePort: number): Ports {
  if (basePort === 0) return { tcp: 0, http: 0 }
  const offset = kind === 'nsqd' ? NSQD_OFFSET : NSQLOOKUPD_OFFSET
  const tcp = basePort + offset + index * STEP
  return { tcp, http: tcp + 1 }
}

export function nsqadminPorts(basePort: number): Ports {
  return { http: basePort === 0 ? 0 : basePort + NSQADMIN_OFFSET }
}
