/** The four bytes a client sends first to speak NSQ's protocol V2. */
export const MAGIC_V2 = '  V2'
/** The four bytes nsqd sends first to an nsqlookupd. */
export const MAGIC_V1 = '  V1'

// frame => size(int32, counts what follows)  type(int32)  data(size - 4 bytes)
export const FRAME_SIZE_BYTES = 4
export const FRAME_TYPE_BYTES = 4
export const FRAME_HEADER_BYTES = FRAME_SIZE_BYTES + FRAME_TYPE_BYTES

export const FRAME_TYPE_RESPONSE = 0
export const FRAME_TYPE_ERROR = 1
export const FRAME_TYPE_MESSAGE = 2

// message => timestamp(int64, ns)  attempts(uint16)  id(16 bytes, ASCII hex)  body
export const TIMESTAMP_BYTES = 8
export const ATTEMPTS_BYTES = 2
export const MESSAGE_ID_BYTES = 16
export const MESSAGE_HEADER_BYTES = TIMESTAMP_BYTES + ATTEMPTS_BYTES + MESSAGE_ID_BYTES

// A whole message frame, as it stands in the log and on the wire.
export const MESSAGE_FRAME_HEADER_BYTES = FRAME_HEADER_BYTES + MESSAGE_HEADER_BYTES
export const TIMESTAMP_OFFSET = FRAME_HEADER_BYTES
export const ATTEMPTS_OFFSET = TIMESTAMP_OFFSET + TIMESTAMP_BYTES
export const MESSAGE_ID_OFFSET = ATTEMPTS_OFFSET + ATTEMPTS_BYTES
export const MESSAGE_BODY_OFFSET = MESSAGE_FRAME_HEADER_BYTES

/** Longest command line a server reads, its LF included. */
export const MAX_COMMAND_LINE_BYTES = 16_384
/** Attempts are an unsigned 16-bit number on the wire. */
export const MAX_ATTEMPTS = 65_535

export const RESPONSE_OK = 'OK'
export const RESPONSE_HEARTBEAT = '_heartbeat_'
export const RESPONSE_CLOSE_WAIT = 'CLOSE_WAIT'
