import { hostPort, type HttpClient } from '@tsq/daemon'
import { type ChannelName, isEphemeralName, parseChannelName, type TopicName } from '@tsq/protocol'

import type { LookupdInfo } from './lookupd-info.ts'

/** HTTPS where it has that and TLS is wanted. */
function channelsUrl(info: LookupdInfo, wantsTls: boolean): URL {
  const { broadcastAddress, httpPort, httpsPort } = info
  const isSecure = wantsTls && httpsPort > 0
  const host = hostPort(broadcastAddress, isSecure ? httpsPort : httpPort)
  return new URL(`${isSecure ? 'https' : 'http'}://${host}/channels`)
}

/**
 * The channels of a topic that an nsqlookupd knows, without the ephemeral ones: those are made by their consumers.
 *
 * @throws {Error} when it cannot be asked or answers something else.
 */
export async function askForChannels(
  client: HttpClient,
  info: LookupdInfo,
  wantsTls: boolean,
  topic: TopicName,
  signal: AbortSignal,
): Promise<ChannelName[]> {
  const url = channelsUrl(info, wantsTls)
  url.searchParams.set('topic', topic)
  const { status, text } = await client.ask(url, { method: 'GET', signal })
  if (status !== 200) throw new Error(`${url.href} answered ${status} ${text.slice(0, 200)}`)
  const answer: unknown = JSON.parse(text)
  const isObject = typeof answer === 'object' && answer !== null
  const names: unknown = isObject && 'channels' in answer ? answer.channels : undefined
  if (!Array.isArray(names)) throw new Error(`${url.href} answered no list of channels`)
  return names
    .map((name: unknown) => (typeof name === 'string' ? parseChannelName(name) : undefined))
    .filter((name) => name !== undefined)
    .filter((name) => !isEphemeralName(name))
}
