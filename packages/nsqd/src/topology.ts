import { text, textList } from '@tsq/daemon'

const GROUP = 'Topology'
const EXPERIMENT = 'topology-aware-consumption'

/** Where nsqd is, and whether it matters. */
export const topologyOptions = {
  topologyRegion: text({
    flag: 'topology-region',
    default: '',
    group: GROUP,
    doc: 'region of this node, such as a data centre',
  }),
  topologyZone: text({
    flag: 'topology-zone',
    default: '',
    group: GROUP,
    doc: 'zone of this node within its region',
  }),
  experiments: textList({
    flag: 'enable-experiment',
    key: 'enable_experiment',
    group: GROUP,
    doc: `switch on ${EXPERIMENT}: while nothing waits, consumers of the own zone go first, then those of the own region; other names are ignored`,
  }),
}

/** How near a consumer is: under which count its messages go, and how it stands among the ready. */
export interface Locality {
  readonly kind: 'zone' | 'region' | 'global'
  /** Higher goes first; 0 for no preference. */
  readonly rank: 0 | 1 | 2
}

/** Of a consumer that said nothing, and of all of them unless the experiment is on. */
export const ANYWHERE: Locality = { kind: 'global', rank: 0 }

interface Place {
  readonly topologyRegion: string
  readonly topologyZone: string
}

/** Whether channels look at where consumers are. */
export function prefersNear(options: { readonly experiments: readonly string[] }): boolean {
  return options.experiments.includes(EXPERIMENT)
}

/**
 * How near a consumer is, by what it said in its first IDENTIFY. Two empty names count as equal, but only a node that has
 * a zone or region of its own prefers those in it.
 */
export function localityOf(
  client: Place,
  node: Place & { readonly experiments: readonly string[] },
): Locality {
  if (!prefersNear(node)) return ANYWHERE
  const isZoneLocal = client.topologyZone === node.topologyZone
  const isRegionLocal = client.topologyRegion === node.topologyRegion
  const kind = isZoneLocal ? 'zone' : isRegionLocal ? 'region' : 'global'
  if (isZoneLocal && node.topologyZone !== '') return { kind, rank: 2 }
  const isNear = (isZoneLocal || isRegionLocal) && node.topologyRegion !== ''
  return { kind, rank: isNear ? 1 : 0 }
}

/** What a topology looks at in a subscriber. */
interface Placed {
  readonly locality?: Locality
}

/** Puts one of the nearest in front; returns how many are as near. There must be one. */
export function bringNearestForward(ready: Placed[]): number {
  let rank = -1
  let at = 0
  let count = 0
  for (const [i, { locality = ANYWHERE }] of ready.entries()) {
    if (locality.rank > rank) {
      rank = locality.rank
      at = i
      count = 0
    }
    if (locality.rank === rank) count += 1
  }
  if (at > 0) ready.unshift(...ready.splice(at, 1))
  return count
}

/** Messages handed out, by how near who got them is. */
export class LocalityCounts {
  zone = 0
  region = 0
  global = 0

  add({ locality = ANYWHERE }: Placed, count: number): void {
    this[locality.kind] += count
  }
}
