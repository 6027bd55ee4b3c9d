export { Nsqadmin } from './nsqadmin.ts'
export { main } from './main.ts'
export { nsqadminOptions } from './options.ts'
export type { NsqadminOptions } from './options.ts'
