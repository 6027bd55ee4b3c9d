import { parseObject } from './json.ts'

/**
 * What nsqd said of itself in answer to IDENTIFY.
 *
 * @category Producer
 */
export interface ServerInfo {
  /** Empty for a server that answers IDENTIFY with a bare `OK`. */
  readonly version: string
  /** Highest RDY count it allows. */
  readonly maxRdyCount: number
  /** Longest a message may stay unanswered, however often it is touched. */
  readonly maxMsgTimeoutMs: number
  /** How long this connection's messages may stay unanswered. */
  readonly msgTimeoutMs: number
  /** Granted on this connection, as the two that follow. */
  readonly tls: boolean
  readonly deflate: boolean
  readonly snappy: boolean
  readonly authRequired: boolean
}

/** An old server's, which negotiates nothing. */
const PLAIN: ServerInfo = {
  version: '',
  maxRdyCount: 2_500,
  maxMsgTimeoutMs: 900_000,
  msgTimeoutMs: 60_000,
  tls: false,
  deflate: false,
  snappy: false,
  authRequired: false,
}

/** Reads the answer to IDENTIFY; undefined where it is neither JSON nor `OK`. */
export function readServerInfo(text: string): ServerInfo | undefined {
  if (!text.startsWith('{')) return text === 'OK' ? PLAIN : undefined
  const reply = parseObject(text)
  if (reply === undefined) return undefined
  const count = (name: string, otherwise: number): number => {
    const found = reply[name]
    return typeof found === 'number' && found > 0 ? found : otherwise
  }
  return {
    version: asText(reply['version']),
    maxRdyCount: count('max_rdy_count', PLAIN.maxRdyCount),
    maxMsgTimeoutMs: count('max_msg_timeout', PLAIN.maxMsgTimeoutMs),
    msgTimeoutMs: count('msg_timeout', PLAIN.msgTimeoutMs),
    tls: reply['tls_v1'] === true,
    deflate: reply['deflate'] === true,
    snappy: reply['snappy'] === true,
    authRequired: reply['auth_required'] === true,
  }
}

/**
 * What nsqd said in answer to AUTH.
 *
 * @category Producer
 */
export interface AuthInfo {
  readonly identity: string
  readonly identityUrl: string
  readonly permissionCount: number
}

/** Reads the answer to AUTH; undefined where it is no JSON object. */
export function readAuthInfo(text: string): AuthInfo | undefined {
  const reply = parseObject(text)
  if (reply === undefined) return undefined
  return {
    identity: asText(reply['identity']),
    identityUrl: asText(reply['identity_url']),
    permissionCount: Number(reply['permission_count'] ?? 0),
  }
}

function asText(found: unknown): string {
  return typeof found === 'string' ? found : ''
}
