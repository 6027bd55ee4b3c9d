export { Nsqlookupd } from './nsqlookupd.ts'
export { main } from './main.ts'
export { nsqlookupdOptions } from './options.ts'
export type { NsqlookupdOptions } from './options.ts'
