import { Histogram } from '../histogram.ts'

/** What the logs of a process did since its start. Whoever does it bumps a plain number; `/metrics` reads them. */
export class LogFigures {
  commits = 0
  writeFailures = 0
  syncFailures = 0
  /** How long handing a commit to the operating system took. */
  readonly writeTimes = new Histogram()
  /** How long bringing it to the device took. */
  readonly syncTimes = new Histogram()
}
