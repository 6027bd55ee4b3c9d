// NSQ's utilities. Each is a function of the words after the command's name, which ends the process.

export { clientKeys } from './common/client-options.ts'
export { NSQ_VERSION } from './common/identity.ts'
export { main as nsqToFile } from './nsq-to-file/main.ts'
export { nsqToFileOptions } from './nsq-to-file/options.ts'
export { main as toNsq } from './to-nsq/main.ts'
export { toNsqOptions } from './to-nsq/options.ts'
