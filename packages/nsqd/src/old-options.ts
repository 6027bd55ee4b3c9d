import { boolean, integer } from '@tsq/daemon'

const GROUP = 'Without effect'

/** Flags of nsqd that are taken so that its command lines and files work, and do nothing here. */
export const oldOptions = {
  workerId: boolean({
    flag: 'worker-id',
    default: false,
    group: GROUP,
    deprecated: 'use --node-id',
    doc: 'has no effect',
  }),
  queueScanWorkerPoolMax: integer({
    flag: 'queue-scan-worker-pool-max',
    default: 4,
    group: GROUP,
    deprecated: 'timeouts and delays are kept in order, nothing is scanned',
    doc: 'has no effect',
  }),
  queueScanSelectionCount: integer({
    flag: 'queue-scan-selection-count',
    default: 20,
    group: GROUP,
    deprecated: 'timeouts and delays are kept in order, nothing is scanned',
    doc: 'has no effect',
  }),
}
