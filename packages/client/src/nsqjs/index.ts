// What `nsqjs` exports, for programs written for it: change the import, keep the rest.

export { Message } from './message.ts'
export { Reader } from './reader.ts'
export type { ReaderEvents } from './reader.ts'
export { Writer } from './writer.ts'
export type { WriterCallback, WriterEvents } from './writer.ts'
export type { ConnectionConfigOptions, ReaderConnectionConfigOptions } from './options.ts'
