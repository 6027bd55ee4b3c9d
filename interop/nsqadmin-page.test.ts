// Our page over the daemons of NSQ 1.3.0, and the page of nsqadmin 1.3.0 over our API, in a browser.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, it, type TestContext } from 'node:test'

import type { Page } from 'playwright-core'

import type * as BrowserHelpers from '../e2e/nsqadmin/browser.ts'
import type * as DaemonHelpers from '../e2e/nsqadmin/daemon.ts'
import { buildReference } from './build.ts'
import { repositoryFolder } from './folders.ts'
import { startNsqd } from './nsqd.ts'
import { prepareOrSkip } from './skip.ts'

function load(name: string): Promise<object> {
  const file = join(repositoryFolder, 'e2e/dist/nsqadmin', name)
  return import(pathToFileURL(file).href) as Promise<object>
}

/** What the browser's tests of e2e are made of; that folder is no package that could be named. */
async function helpers(): Promise<typeof BrowserHelpers & typeof DaemonHelpers> {
  return Object.assign({}, await load('browser.js'), await load('daemon.js')) as never
}

const HTTP = '--http-address=127.0.0.1:0'
const LIMIT_MS = 20_000

/** A cluster of NSQ 1.3.0, our nsqadmin over it, and a page of a browser. */
async function withCluster(
  t: TestContext,
  body: (
    page: Page,
    addresses: { readonly admin: string; readonly lookupd: string; readonly node: string },
  ) => Promise<void>,
): Promise<void> {
  const { Daemon, browserMissing, launchBrowser, watchErrors } = await helpers()
  const missing = browserMissing()
  if (missing !== false) return t.skip(missing)
  const lookupdProgram = await prepareOrSkip(t, () => buildReference('nsqlookupd'))
  if (lookupdProgram === undefined) return
  await using lookupd = await Daemon.start(
    'nsqlookupd',
    [HTTP, '--tcp-address=127.0.0.1:0'],
    [lookupdProgram],
  )
  await using nsqd = await startNsqd({
    binary: 'reference',
    flags: [
      `--lookupd-tcp-address=${lookupd.tcp}`,
      '--e2e-processing-latency-percentile=0.99,0.95',
    ],
  })
  await nsqd.post('/topic/create?topic=orders')
  await nsqd.post('/channel/create?topic=orders&channel=billing')
  await nsqd.post('/pub?topic=orders', 'one')
  await nsqd.post('/topic/create?topic=clicks%23ephemeral')
  await nsqd.post('/channel/create?topic=clicks%23ephemeral&channel=live%23ephemeral')
  await using admin = await Daemon.start('nsqadmin', [
    HTTP,
    `--lookupd-http-address=${lookupd.http}`,
    '--sample-interval=1s',
  ])
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage()
    page.setDefaultTimeout(LIMIT_MS)
    const errors = watchErrors(page)
    await body(page, { admin: admin.http, lookupd: lookupd.http, node: nsqd.httpAddress })
    assert.deepEqual(errors, [])
  } finally {
    await browser.close()
  }
}

describe('nsqadmin in a browser', () => {
  it('shows and steers daemons of NSQ 1.3.0, without what they lack', async (t) => {
    await withCluster(t, async (page, { admin, node }) => {
      await page.goto(`http://${admin}/topics`)
      await page.getByRole('link', { name: 'orders' }).click()
      await page.getByRole('heading', { name: 'orders', level: 1 }).waitFor()
      const total = page.getByRole('table').first().locator('tfoot tr')
      await total.getByText('Total:').waitFor()
      await page.getByRole('columnheader', { name: '99th' }).first().waitFor()
      await page.getByRole('link', { name: 'Live tail' }).waitFor()
      await page.waitForLoadState('networkidle').catch(() => undefined)
      assert.equal(await page.getByRole('link', { name: 'Messages', exact: true }).count(), 0)

      await page.getByRole('link', { name: 'Publish' }).click()
      await page.getByLabel('Body').fill('two')
      await page.getByRole('button', { name: 'Publish', exact: true }).click()
      await page.getByText(`Published to ${node}`).waitFor()

      await page.goto(`http://${admin}/topics/orders/billing`)
      const depth = page.getByRole('table').first().locator('tfoot td').first()
      await depth.getByText('2', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Pause Channel' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('button', { name: 'Pause' }).click()
      await dialog.getByText('Done: 1 of 1').waitFor()
      await dialog.getByRole('button', { name: 'Close' }).click()
      await page.getByRole('button', { name: 'UnPause Channel' }).waitFor()

      await page.goto(`http://${admin}/nodes`)
      await page.getByRole('link', { name: 'clicks#ephemeral' }).click()
      await page.getByRole('heading', { name: 'clicks#ephemeral', level: 1 }).waitFor()
    })
  })

  it('answers the page of nsqadmin 1.3.0', async (t) => {
    const program = await prepareOrSkip(t, () => buildReference('nsqadmin'))
    if (program === undefined) return
    await withCluster(t, async (page, { admin, lookupd, node }) => {
      const { Daemon } = await helpers()
      const flags = [HTTP, `--lookupd-http-address=${lookupd}`]
      await using reference = await Daemon.start('nsqadmin', flags, [program])
      // Its page, with every call going to us.
      await page.route('**/api/**', async (route) => {
        const { pathname, search } = new URL(route.request().url())
        const headers = { ...route.request().headers(), origin: `http://${admin}` }
        const response = await route.fetch({ url: `http://${admin}${pathname}${search}`, headers })
        await route.fulfill({ response })
      })
      const open = (path: string) => page.goto(`http://${reference.http}${path}`)
      await open('/')
      await page.getByRole('link', { name: 'orders', exact: true }).click()
      await page.getByText('Topic Message Queue').waitFor()
      await page.getByText('Total:').first().waitFor()
      await page.getByRole('link', { name: 'billing', exact: true }).click()
      await page.getByText('No clients connected to this channel').waitFor()
      await page.getByRole('button', { name: 'Pause Channel', exact: true }).click()
      // Its dialog is hidden from readers, so it has no role.
      await page.locator('.bootbox-accept').click()
      await page.getByRole('button', { name: 'UnPause Channel' }).waitFor()
      await open('/nodes')
      await page.getByText('NSQd Nodes (1)').waitFor()
      await open(`/nodes/${node}`)
      await page.getByText('No clients connected to this channel').first().waitFor()
      await open('/counter')
      await page.getByText('Messages Processed').waitFor()
      await open('/lookup')
      await page.getByText(lookupd).waitFor()
    })
  })
})
