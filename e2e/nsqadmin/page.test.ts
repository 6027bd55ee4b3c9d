// nsqadmin's page in a browser, over a cluster with traffic.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

import type { Browser, Locator, Page, Request } from 'playwright-core'

import { until } from '@tsq/testing'

import { AdminPage } from './admin-page.ts'
import { axeViolations, browserMissing, launchBrowser, watchErrors } from './browser.ts'
import { CLIENT_ID, type Cluster, startCluster, startTraffic } from './cluster.ts'

const LIMIT_MS = 20_000
const PHONE = { width: 390, height: 844 }
const DESK = { width: 1360, height: 900 }
const EPHEMERAL = 'clicks#ephemeral'

describe('nsqadmin in a browser', { skip: browserMissing() }, () => {
  let cluster: Cluster
  let traffic: AsyncDisposable
  let browser: Browser
  let page: Page
  let errors: string[]
  let view: AdminPage

  const shoot = (name: string): Promise<void> => view.shoot(name)
  const open = (url: string): Promise<void> => view.open(url)
  const button = (name: string): Locator => view.button(name)
  const dialog = (): Locator => view.dialog()
  const confirm = (verb: string, nodes: number): Promise<void> => view.confirm(verb, nodes)

  before(async () => {
    cluster = await startCluster(['--http-client-request-timeout=2s'])
    traffic = await startTraffic(cluster, 'orders', 'billing')
    const [node] = cluster.nsqds
    const topic = encodeURIComponent(EPHEMERAL)
    await node.post(`/topic/create?topic=${topic}`)
    await node.post(`/channel/create?topic=${topic}&channel=live%23ephemeral`)
    await node.post('/pub?topic=gone', 'bye')
    browser = await launchBrowser()
    page = await browser.newPage({ viewport: DESK, reducedMotion: 'reduce' })
    page.setDefaultTimeout(LIMIT_MS)
    errors = watchErrors(page)
    view = await AdminPage.of(page, cluster.admin.http)
  })

  after(async () => {
    await browser?.close()
    await traffic?.[Symbol.asyncDispose]()
    await cluster?.close()
  })

  describe('what operators rely on', () => {
    it('sets the pause label on the node that is paused, and on all together', async () => {
      const [paused, flowing] = cluster.nsqds
      await paused.post('/topic/pause?topic=orders')
      await open('/topics/orders')
      const row = (node: string) => page.getByRole('row', { name: new RegExp(node) })
      await row(paused.http).getByText('paused').waitFor()
      assert.equal(await row(flowing.http).getByText('paused').count(), 0)
      await page.locator('h1 + *', { hasText: 'paused' }).waitFor()
      await paused.post('/topic/unpause?topic=orders')
    })

    it('has rows of totals and a column for each percentile', async () => {
      for (const url of ['/topics/orders', '/topics/orders/billing']) {
        await open(url)
        const table = page.getByRole('table').first()
        const total = table.locator('tfoot tr')
        await total.getByText('Total:').waitFor()
        const heads = table.locator('thead tr').last().locator('th')
        const texts = await heads.allTextContents()
        for (const percentile of ['100th', '99th', '95th']) {
          assert.ok(
            texts.some((text) => text.startsWith(percentile)),
            `${url}: ${texts.join()}`,
          )
        }
        const rows = table.locator('tbody tr')
        assert.equal(await rows.count(), 2)
        for (const row of [...(await rows.all()), total]) {
          assert.equal(await row.locator('th, td').count(), texts.length)
        }
        const [messages] = await total
          .locator('td')
          .nth(texts.indexOf('Messages') - 1)
          .allTextContents()
        assert.ok(Number(messages?.replaceAll(',', '')) > 0, messages)
      }
    })

    it('shows a tombstone on Nodes, and tombstones by a click', async () => {
      const [node] = cluster.nsqds
      await cluster.lookupd.post(`/topic/tombstone?topic=gone&node=${node.http}`)
      await open('/nodes')
      const label = page.getByTitle('this topic is currently tombstoned on this node')
      await label.getByText('gone').waitFor()
      await shoot('nodes')
      await open('/topics/orders')
      await button(`Tombstone orders on ${node.http}`).click()
      await dialog().getByText(`Tombstone orders on ${node.http}?`).waitFor()
      await dialog().getByRole('button', { name: 'Cancel' }).click()
      await open(`/nodes/${encodeURIComponent(node.http)}`)
      await button(`Tombstone gone on ${node.http}`).click()
      await dialog().getByRole('textbox').fill('gone')
      await confirm('Tombstone', 1)
      const link = page.getByRole('link', { name: 'gone', exact: true })
      await until('the topic is gone from the node', async () => (await link.count()) === 0)
    })

    it('encodes # in every link', async () => {
      const [node] = cluster.nsqds
      const name = encodeURIComponent(EPHEMERAL)
      const pages = [
        '/',
        '/topics',
        `/topics/${name}`,
        '/nodes',
        `/nodes/${encodeURIComponent(node.http)}`,
      ]
      for (const url of pages) {
        await open(url)
        const links = page.locator('main a', { hasText: '#ephemeral' })
        await links.first().waitFor()
        for (const link of await links.all()) {
          assert.match((await link.getAttribute('href'))!, /%23ephemeral/)
          assert.doesNotMatch((await link.getAttribute('href'))!, /#/)
        }
      }
      await open(`/topics/${name}`)
      await page.getByRole('link', { name: 'live#ephemeral' }).click()
      await page.getByRole('heading', { name: 'live#ephemeral', level: 1 }).waitFor()
      assert.ok(page.url().endsWith(`/topics/${name}/live%23ephemeral`))
      await page.getByText('No clients connected to this channel').waitFor()
    })

    it('shows markup in names and bodies as text', async () => {
      await open('/topics/orders/billing')
      await page.getByText(`(${CLIENT_ID})`).first().waitFor()
      assert.equal(await page.locator('main img').count(), 0)
    })

    it('asks as often as is chosen, and not at all when off', async () => {
      await open('/')
      let asked = 0
      const count = (request: Request): void => {
        if (request.url().endsWith('/api/overview')) asked++
      }
      page.on('request', count)
      await page.getByLabel('Refresh').selectOption('1')
      await until('it asks again and again', async () => asked >= 3)
      await page.getByLabel('Refresh').selectOption('0')
      await page.waitForLoadState('networkidle')
      asked = 0
      await pause(2500)
      assert.equal(asked, 0)
      page.off('request', count)
      await page.getByLabel('Refresh').selectOption('5')
    })

    it('keeps filter and sort in the address, and goes to the filter by a key', async () => {
      await open('/topics')
      await page.getByRole('searchbox').waitFor()
      await page.keyboard.press('/')
      await page.keyboard.type('ord')
      await page.waitForURL('**/topics?q=ord')
      await page.getByRole('button', { name: 'Depth' }).click()
      await page.waitForURL('**/topics?q=ord&sort=-depth')
      await page.reload()
      await page.getByText('1 of', { exact: false }).waitFor()
      assert.equal(await page.getByRole('searchbox').inputValue(), 'ord')
      assert.equal(await page.locator('th[aria-sort=descending]').textContent(), 'Depth▼')
    })

    it('pauses many at once', async () => {
      await open('/topics')
      await page.getByLabel('Choose orders').check()
      await page.getByLabel(`Choose ${EPHEMERAL}`).check()
      await button('Pause').click()
      await confirm('Pause 2 topics', 3)
      const row = page.getByRole('row', { name: /orders/ })
      await row.getByText('paused').waitFor()
      await page.getByLabel('Choose orders').check()
      await page.getByLabel(`Choose ${EPHEMERAL}`).check()
      await button('UnPause').click()
      await confirm('UnPause 2 topics', 3)
    })
  })

  describe('every page', () => {
    const pages: [string, string][] = [
      ['overview', '/'],
      ['topics', '/topics'],
      ['topic', '/topics/orders'],
      ['messages', '/topics/orders?view=messages'],
      ['tail', '/topics/orders?view=tail'],
      ['publish', '/topics/orders?view=publish'],
      ['channel', '/topics/orders/billing'],
      ['nodes', '/nodes'],
      ['counter', '/counter'],
      ['lookup', '/lookup'],
      ['audit', '/audit'],
    ]

    before(() => {
      pages.push(['node', `/nodes/${encodeURIComponent(cluster.nsqds[0].http)}`])
    })

    it('has nothing that axe finds, in light and in dark, and fits a phone', async () => {
      const found: string[] = []
      for (const [name, url] of pages) {
        await open(url)
        await page.locator('[role=status]', { hasText: 'Loading' }).waitFor({ state: 'detached' })
        for (const [colorScheme, what] of [
          ['light', 'all'],
          ['dark', 'colours'],
        ] as const) {
          await page.emulateMedia({ colorScheme })
          const violations = await axeViolations(page, what)
          found.push(...violations.map((text) => `${name}, ${colorScheme}: ${text}`))
          await shoot(`${name}-${colorScheme}`)
        }
        await page.setViewportSize(PHONE)
        const width = await page.evaluate<number>('document.documentElement.scrollWidth')
        if (width > PHONE.width) found.push(`${name} is ${width} wide on a phone`)
        await shoot(`${name}-phone`)
        await page.setViewportSize(DESK)
      }
      assert.deepEqual(found, [])
    })

    it('opens a help that axe finds nothing in, and gives the focus back', async () => {
      await open('/topics')
      await page.keyboard.press('?')
      await dialog().getByText('Refresh now').waitFor()
      assert.deepEqual(await axeViolations(page), [])
      await page.keyboard.press('Escape')
      await dialog().waitFor({ state: 'detached' })
    })

    it('says which node does not answer, and shows the others', async () => {
      const [frozen, well] = cluster.nsqds
      frozen.freeze()
      await open('/')
      const problems = page.getByRole('region', { name: 'Nodes that do not answer' })
      await problems.getByText(frozen.http).first().waitFor()
      await shoot('problems')
      await open('/topics/orders')
      await page.getByText('WARNING: ').waitFor()
      await page.getByRole('row', { name: new RegExp(well.http) }).waitFor()
      frozen.thaw()
      assert.deepEqual(await axeViolations(page), [])
    })

    it('made the browser complain of nothing', () => {
      assert.deepEqual(errors, [])
    })
  })
})
