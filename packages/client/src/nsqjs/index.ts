// What `nsqjs` exports, for programs written for it: change the import, keep the rest.

import { Message } from './message.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

export { Message, Reader, Writer }
export type { ReaderEvents } from './reader.ts'
export type { WriterCallback, WriterEvents } from './writer.ts'
export type { ConnectionConfigOptions, ReaderConnectionConfigOptions } from './options.ts'

/** For `import nsq from`. */
export default { Message, Reader, Writer }
