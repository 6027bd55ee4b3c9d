import os from 'node:os'

import { HttpError, type Route } from '@tsq/daemon'

import type { Nsqd } from '../nsqd.ts'
import { statsSnapshot } from '../stats/snapshot.ts'
import { statsText } from '../stats/text.ts'
import { NSQ_VERSION } from '../version.ts'
import { booleanParam } from './params.ts'

const NS_PER_MS = 1_000_000

export function statusRoutes(nsqd: Nsqd): Route[] {
  const { options } = nsqd
  return [
    {
      method: 'GET',
      path: '/ping',
      plain: true,
      handle: () => {
        const { health } = nsqd
        if (health !== 'OK') throw new HttpError(500, health)
        // Who shares out publishers by this is to leave the node alone.
        if (nsqd.isDraining) throw new HttpError(503, 'NOK - draining')
        return health
      },
    },
    {
      method: 'GET',
      path: '/info',
      handle: () => ({
        version: NSQ_VERSION,
        broadcast_address: options.broadcastAddress,
        hostname: os.hostname(),
        http_port: nsqd.httpPort,
        tcp_port: nsqd.tcpPort,
        start_time: nsqd.startTime,
        max_heartbeat_interval: options.maxHeartbeatIntervalMs * NS_PER_MS,
        max_output_buffer_size: options.maxOutputBufferSize,
        max_output_buffer_timeout: options.maxOutputBufferTimeoutMs * NS_PER_MS,
        max_deflate_level: options.maxDeflateLevel,
        topology_zone: options.topologyZone,
        topology_region: options.topologyRegion,
      }),
    },
    {
      method: 'GET',
      path: '/stats',
      handle: ({ query }) => {
        const stats = statsSnapshot(nsqd.statsSource(), {
          topic: query.get('topic') || undefined,
          channel: query.get('channel') || undefined,
          includeClients: booleanParam(query.get('include_clients'), true),
          includeMemory: booleanParam(query.get('include_mem'), true),
        })
        if (query.get('format') === 'json') return stats
        return statsText(stats, nsqd.versionText, nsqd.startedAt, Date.now())
      },
    },
  ]
}
