import { fanout } from './fanout.ts'
import { idleBacklog } from './idle-backlog.ts'
import { idleTopics } from './idle-topics.ts'
import { latency, latencyWhileDeferred, latencyWhileDue } from './latency.ts'
import { mpub } from './mpub.ts'
import { mpubChannel } from './mpub-channel.ts'
import { pub } from './pub.ts'
import { pubsub } from './pubsub.ts'
import { subDisk } from './sub-disk.ts'
import { sub } from './sub.ts'
import type { Workload } from './workload.ts'

/** In the order they run and are printed. */
export const workloads: readonly Workload[] = [
  mpub,
  mpubChannel,
  pub(2),
  pub(64),
  sub,
  subDisk,
  pubsub,
  fanout,
  latency(10, 1),
  latency(10, 200),
  latency(1_000, 1),
  latency(1_000, 200),
  latencyWhileDeferred(1_000, 200),
  latencyWhileDue(1_000, 200),
  latency(10_000, 1),
  latency(10_000, 200),
  idleBacklog,
  idleTopics,
]

/** Those called `name`, or else those whose name begins with it: `latency-10`, `idle`. */
export function selectWorkloads(name: string): readonly Workload[] {
  const exact = workloads.filter((workload) => workload.name === name)
  if (exact.length > 0) return exact
  return workloads.filter((workload) => workload.name.startsWith(`${name}-`))
}
