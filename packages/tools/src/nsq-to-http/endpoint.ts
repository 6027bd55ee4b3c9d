import type { Message } from '@tsq/client'

import type { Outlet } from '../delivery/outlets.ts'
import type { HeaderTemplate } from './headers.ts'
import type { HttpClient } from './http-request.ts'
import { parsePostUrl, UrlTemplate } from './url-template.ts'

/** Posts bodies as they are; any 2xx says that one was taken. */
export class PostEndpoint implements Outlet<Message> {
  readonly name: string
  readonly #url: URL
  readonly #headers: HeaderTemplate
  readonly #client: HttpClient

  /** @throws {Error} about the URL. */
  constructor(url: string, headers: HeaderTemplate, client: HttpClient) {
    this.name = url
    this.#url = parsePostUrl(url)
    this.#headers = headers
    this.#client = client
  }

  async send(message: Message): Promise<void> {
    const { body } = message
    const headers = { ...this.#headers.for(message), 'Content-Length': String(body.length) }
    const status = await this.#client.send({ method: 'POST', url: this.#url, headers, body })
    if (status < 200 || status > 299) throw new Error(`got status code ${status}`)
  }
}

/** Puts bodies into a URL; only 200 says that one was taken. */
export class GetEndpoint implements Outlet<Message> {
  readonly name: string
  readonly #template: UrlTemplate
  readonly #headers: HeaderTemplate
  readonly #client: HttpClient

  /** @throws {Error} about the template. */
  constructor(template: string, headers: HeaderTemplate, client: HttpClient) {
    this.name = template
    this.#template = UrlTemplate.parse(template)
    this.#headers = headers
    this.#client = client
  }

  async send(message: Message): Promise<void> {
    const status = await this.#client.send({
      method: 'GET',
      url: this.#template.base,
      path: this.#template.pathWith(message.body),
      headers: this.#headers.for(message),
    })
    if (status !== 200) throw new Error(`got status code ${status}`)
  }
}
