import { type AckAfter, Lane, type LaneReport } from './lane.ts'

/** Lanes that run at once; a killed nsqd's successor starts while the other lane works. */
const LANES = 2

export interface RoundsOptions {
  readonly seed: number
  readonly rounds: number
  readonly ackAfter: AckAfter
  readonly longEvery?: number
  readonly note?: (text: string) => void
}

/** Runs the rounds, shared between lanes with a data path each. */
export async function runRounds(options: RoundsOptions): Promise<LaneReport> {
  const { seed, rounds, ackAfter, longEvery = 25, note = () => {} } = options
  const lanes = Array.from({ length: LANES }, (_, i) => {
    const share = Math.floor((rounds + i) / LANES)
    return new Lane({ seed: seed * LANES + i, rounds: share, ackAfter, longEvery, note })
  })
  const reports = await Promise.all(lanes.map((lane) => lane.run()))
  const sum = (count: (report: LaneReport) => number): number =>
    reports.reduce((total, report) => total + count(report), 0)
  return {
    rounds: sum((report) => report.rounds),
    published: sum((report) => report.published),
    acknowledged: sum((report) => report.acknowledged),
    deliveries: sum((report) => report.deliveries),
  }
}

export function describeReport(report: LaneReport, ms: number): string {
  const { rounds, published, acknowledged, deliveries } = report
  const seconds = (ms / 1_000).toFixed(1)
  return `${rounds} rounds in ${seconds} s: ${published} messages sent, ${acknowledged} acknowledged, ${deliveries} deliveries`
}
