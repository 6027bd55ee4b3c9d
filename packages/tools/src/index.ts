// NSQ's utilities. Each is a function of the words after the command's name, which ends the process.

export { clientKeys } from './common/client-options.ts'
export { NSQ_VERSION } from './common/identity.ts'
export { main as nsqStat } from './nsq-stat/main.ts'
export { nsqStatOptions } from './nsq-stat/options.ts'
export { main as nsqTail, tsqTail } from './nsq-tail/main.ts'
export { nsqTailOptions } from './nsq-tail/options.ts'
export { main as nsqToHttp } from './nsq-to-http/main.ts'
export { nsqToHttpOptions } from './nsq-to-http/options.ts'
export { main as nsqToNsq } from './nsq-to-nsq/main.ts'
export { nsqToNsqOptions } from './nsq-to-nsq/options.ts'
export { main as toNsq } from './to-nsq/main.ts'
export { toNsqOptions } from './to-nsq/options.ts'
