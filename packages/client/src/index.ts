export { exponentialBackoff, fullJitterBackoff } from './backoff.ts'
export type { BackoffStrategy } from './backoff.ts'
export type { Body } from './body.ts'
export { VERSION } from './connection-options.ts'
export { Consumer } from './consumer.ts'
export type { ConsumerEvents, ConsumerOptions, ConsumerStats, RunOptions } from './consumer.ts'
export {
  ArgumentError,
  ClosedError,
  ConnectionError,
  HandshakeError,
  LookupError,
  NsqError,
  OptionError,
  OutcomeUnknownError,
  PeerError,
  QueueFullError,
  QueueTimeoutError,
  ServerError,
} from './errors.ts'
export type { ArgumentErrorCode, ConnectionErrorCode, HandshakeErrorCode } from './errors.ts'
export type { MessageHandler } from './handlers.ts'
export type { Logger } from './logger.ts'
export type { MessageStream } from './message-stream.ts'
export type { Message, RequeueOptions } from './message.ts'
export { Producer } from './producer.ts'
export type { ProducerEvents, ProducerOptions, ProducerStats, PublishOptions } from './producer.ts'
export { ProducerPool } from './producer-pool.ts'
export type { ProducerPoolEvents, ProducerPoolOptions } from './producer-pool.ts'
export type { AuthInfo, ServerInfo } from './server-info.ts'
