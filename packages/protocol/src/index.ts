export {
  ATTEMPTS_OFFSET,
  FRAME_HEADER_BYTES,
  FRAME_SIZE_BYTES,
  FRAME_TYPE_BYTES,
  FRAME_TYPE_ERROR,
  FRAME_TYPE_MESSAGE,
  FRAME_TYPE_RESPONSE,
  MAGIC_V1,
  MAGIC_V2,
  MAX_ATTEMPTS,
  MAX_COMMAND_LINE_BYTES,
  MESSAGE_BODY_OFFSET,
  MESSAGE_FRAME_HEADER_BYTES,
  MESSAGE_HEADER_BYTES,
  MESSAGE_ID_BYTES,
  MESSAGE_ID_OFFSET,
  RESPONSE_CLOSE_WAIT,
  RESPONSE_HEARTBEAT,
  RESPONSE_OK,
  TIMESTAMP_BYTES,
  TIMESTAMP_OFFSET,
} from './constants.ts'
export {
  EPHEMERAL_SUFFIX,
  isEphemeralName,
  isValidName,
  MAX_NAME_BYTES,
  parseChannelName,
  parseTopicName,
} from './names.ts'
export type { ChannelName, TopicName } from './names.ts'
export { isFatalErrorCode, ProtocolError } from './errors.ts'
export type { ErrorCode } from './errors.ts'
export { quoteBytes } from './quote.ts'
export {
  EPOCH_LIMIT,
  idPrefix,
  NODE_ID_LIMIT,
  readIdPrefix,
  readSequenceBits,
  SEQUENCE_MODULUS,
  sequenceNear,
  writeMessageId,
} from './ids.ts'
export { encodeError, encodeFrame, encodeResponse, FrameError, readFrame } from './frames.ts'
export type { FrameView } from './frames.ts'
export {
  decodeMessage,
  frameBytesAt,
  readUint32,
  writeAttempts,
  writeMessageHeader,
  writeUint32,
} from './message.ts'
export type { DecodedMessage, TimestampNs } from './message.ts'
export {
  encodeAuth,
  encodeCls,
  encodeDpub,
  encodeFin,
  encodeIdentify,
  encodeMpub,
  encodeNop,
  encodePub,
  encodeRdy,
  encodeReq,
  encodeSub,
  encodeTouch,
} from './commands.ts'
export { MAX_SNAPPY_PLAIN_BYTES, SnappyDecoder, SnappyEncoder, SnappyError } from './snappy.ts'
export type { SnappyCodec } from './snappy.ts'
