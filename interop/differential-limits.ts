// Both nsqds run with these, small enough for a script to go past them.

export const MAX_MSG_SIZE = 2_048
export const MAX_BODY_SIZE = 8_192

/** Also: messages leave the reference's output buffer soon, and a channel takes few consumers. */
export const DIFFERENTIAL_FLAGS: readonly string[] = [
  `--max-msg-size=${MAX_MSG_SIZE}`,
  `--max-body-size=${MAX_BODY_SIZE}`,
  '--max-rdy-count=100',
  '--max-channel-consumers=2',
  '--min-output-buffer-timeout=5ms',
  '--output-buffer-timeout=5ms',
]
