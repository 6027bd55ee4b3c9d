import { EpsilonGreedy } from './epsilon-greedy.ts'
import { HostPool } from './host-pool.ts'
import { RoundRobin, type Pool, type PoolSettings } from './pool.ts'

/** The pool that `--mode` names; undefined for any other word. */
export function poolOf(mode: string, settings: PoolSettings): Pool | undefined {
  switch (mode) {
    case 'round-robin':
      return new RoundRobin(settings)
    case 'hostpool':
      return new HostPool(settings)
    case 'epsilon-greedy':
      return new EpsilonGreedy(settings)
    default:
      return undefined
  }
}
