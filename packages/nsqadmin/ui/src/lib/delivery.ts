import type { ChannelStats } from '@tsq/clusterinfo'

export interface DeliveryShare {
  readonly kind: 'zone' | 'region' | 'global'
  readonly label: string
  readonly count: number
  readonly percent: number
}

/** How near its consumers a channel delivered; empty where nsqd does not count it. */
export function deliveryShares(channel: ChannelStats): DeliveryShare[] {
  const counts = [
    { kind: 'zone', label: 'Zone local', count: channel.zone_local_msg_count ?? 0 },
    { kind: 'region', label: 'Region local', count: channel.region_local_msg_count ?? 0 },
    { kind: 'global', label: 'Global', count: channel.global_msg_count ?? 0 },
  ] as const
  const total = counts.reduce((sum, { count }) => sum + count, 0)
  if (total === 0) return []
  return counts.map((one) => ({ ...one, percent: (one.count / total) * 100 }))
}
