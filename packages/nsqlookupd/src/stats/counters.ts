import type { CommandName } from '../tcp/commands.ts'

/** What has happened since the start. Whoever does it bumps a plain number; `/metrics` reads them. */
export class Counters {
  connections = 0
  refusedConnections = 0
  /** Connections ended because the peer took too long. */
  timeouts = 0
  readonly commands: Record<CommandName, number> = {
    PING: 0,
    IDENTIFY: 0,
    REGISTER: 0,
    UNREGISTER: 0,
  }
  /** By error code, as sent. */
  readonly errors = new Map<string, number>()
  /** By route and status. */
  readonly requests = new Map<string, number>()
}

export function bump(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
