export { importDataPath, importState } from './import/import-data-path.ts'
export type { ImportOptions, ImportReport } from './import/import-data-path.ts'
export { Nsqd } from './nsqd.ts'
export { main } from './main.ts'
export { nsqdOptions, nsqdRules } from './options.ts'
export type { NsqdOptions } from './options.ts'
export { NSQ_VERSION, VERSION_TEXT } from './version.ts'
export { checkDataPath, describeDataPath } from './check/data-path.ts'
export type {
  ChannelReport,
  DataPathReport,
  Finding,
  Progress,
  TopicReport,
} from './check/report.ts'
