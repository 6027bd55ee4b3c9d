import { request } from 'node:http'

/** An answer, with the headers that NSQ's tools look at. */
export interface Answer {
  readonly status: number
  readonly body: string
  readonly contentType: string | undefined
  readonly nsqContentType: string | undefined
  readonly allow: string | undefined
  readonly location: string | undefined
}

/** One request on a connection of its own. `target` goes as it is. */
export function call(
  address: string,
  method: string,
  target: string,
  body: string | Buffer = '',
  isChunked = false,
): Promise<Answer> {
  const [hostname = '', port] = address.split(':')
  return new Promise((resolve, reject) => {
    const options = { hostname, port: Number(port), method, path: target, agent: false }
    const outgoing = request(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const { headers } = response
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString(),
          contentType: headers['content-type'],
          nsqContentType: headers['x-nsq-content-type'] as string | undefined,
          allow: headers['allow'],
          location: headers['location'],
        })
      })
      response.on('error', reject)
    })
    outgoing.on('error', reject)
    if (isChunked) outgoing.setHeader('transfer-encoding', 'chunked')
    else if (body.length > 0) outgoing.setHeader('content-length', Buffer.byteLength(body))
    if (body.length > 0) outgoing.write(body)
    outgoing.end()
  })
}

export const TEXT = 'text/plain; charset=utf-8'
export const JSON_TYPE = 'application/json; charset=utf-8'
export const NSQ = 'nsq; version=1.0'
