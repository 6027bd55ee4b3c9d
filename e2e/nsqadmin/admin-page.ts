import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import type { Locator, Page } from 'playwright-core'

/** How a person goes about a page of nsqadmin, with pictures of what they saw. */
export class AdminPage {
  readonly #page: Page
  readonly #address: string
  readonly #screenshots: string

  /** @param address of nsqadmin, `host:port`. */
  static async of(page: Page, address: string): Promise<AdminPage> {
    const screenshots = await mkdtemp(path.join(tmpdir(), 'tsq-screenshots-'))
    process.stdout.write(`screenshots are in ${screenshots}\n`)
    return new AdminPage(page, address, screenshots)
  }

  private constructor(page: Page, address: string, screenshots: string) {
    this.#page = page
    this.#address = address
    this.#screenshots = screenshots
  }

  async shoot(name: string): Promise<void> {
    await this.#page.screenshot({ path: path.join(this.#screenshots, `${name}.png`) })
  }

  async open(url: string): Promise<void> {
    await this.#page.goto(`http://${this.#address}${url}`)
    await this.#page.locator('h1').waitFor()
  }

  button(name: string): Locator {
    return this.#page.getByRole('button', { name, exact: true })
  }

  dialog(): Locator {
    return this.#page.getByRole('dialog')
  }

  /** Presses the button of the dialog, waits for `nodes` results or more, and closes it. */
  async confirm(verb: string, nodes: number): Promise<void> {
    const dialog = this.dialog()
    await dialog.getByRole('button', { name: verb, exact: true }).click()
    await dialog.getByText('Done: ').waitFor()
    assert.ok((await dialog.getByRole('listitem').count()) >= nodes)
    assert.equal(await dialog.getByText('failed', { exact: true }).count(), 0)
    await dialog.getByRole('button', { name: 'Close' }).click()
    await dialog.waitFor({ state: 'detached' })
  }
}
