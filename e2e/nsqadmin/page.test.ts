// nsqadmin's page in a browser, over a cluster with traffic.

import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

import type { Browser, Locator, Page, Request } from 'playwright-core'

import { axeViolations, browserMissing, launchBrowser, watchErrors } from './browser.ts'
import { CLIENT_ID, type Cluster, startCluster, startTraffic } from './cluster.ts'

const LIMIT_MS = 20_000
const PHONE = { width: 390, height: 844 }
const DESK = { width: 1360, height: 900 }
const EPHEMERAL = 'clicks#ephemeral'

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + LIMIT_MS
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, `not in time: ${what}`)
    await pause(50)
  }
}

describe('nsqadmin in a browser', { skip: browserMissing() }, () => {
  let cluster: Cluster
  let traffic: AsyncDisposable
  let browser: Browser
  let page: Page
  let errors: string[]
  let screenshots: string

  const shoot = async (name: string): Promise<void> => {
    await page.screenshot({ path: path.join(screenshots, `${name}.png`) })
  }
  const open = async (url: string): Promise<void> => {
    await page.goto(`http://${cluster.admin.http}${url}`)
    await page.locator('h1').waitFor()
  }
  const button = (name: string): Locator => page.getByRole('button', { name, exact: true })
  const dialog = (): Locator => page.getByRole('dialog')
  /** Presses the button of the dialog, waits for `nodes` results or more, and closes it. */
  const confirm = async (verb: string, nodes: number): Promise<void> => {
    await dialog().getByRole('button', { name: verb, exact: true }).click()
    await dialog().getByText('Done: ').waitFor()
    assert.ok((await dialog().getByRole('listitem').count()) >= nodes)
    assert.equal(await dialog().getByText('failed', { exact: true }).count(), 0)
    await dialog().getByRole('button', { name: 'Close' }).click()
    await dialog().waitFor({ state: 'detached' })
  }

  before(async () => {
    screenshots = await mkdtemp(path.join(tmpdir(), 'tsq-screenshots-'))
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
    process.stdout.write(`screenshots are in ${screenshots}\n`)
  })

  after(async () => {
    await browser?.close()
    await traffic?.[Symbol.asyncDispose]()
    await cluster?.close()
  })

  describe('the walk of somebody new', () => {
    const topicPage = '/topics/walk'

    it('opens the page, and paints at once', async () => {
      await open('/')
      await page.getByRole('heading', { name: 'Overview' }).waitFor()
      const paint = await page.evaluate<number>(
        "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN",
      )
      process.stdout.write(`first paint after ${Math.round(paint)} ms\n`)
      assert.ok(paint < 3000, `${paint} ms`)
      const tile = page.locator('dt', { hasText: 'Nodes' }).locator('xpath=../dd')
      await until('both nodes are counted', async () => (await tile.textContent()) === '2')
      await shoot('overview')
    })

    it('creates a topic', async () => {
      await page.keyboard.press('g')
      await page.keyboard.press('l')
      await page.getByRole('heading', { name: 'Lookup', exact: true }).waitFor()
      await page.getByLabel('Topic Name').fill('walk')
      await page.getByLabel('Channel Name').fill('first')
      await button('Create').click()
      await page.getByText('walk/first is created').waitFor()
      await shoot('lookup')
      await page.getByRole('link', { name: 'Look', exact: true }).click()
      await page.getByRole('heading', { name: 'walk', level: 1 }).waitFor()
      assert.equal(new URL(page.url()).pathname, topicPage)
    })

    it('publishes, at once and with a delay', async () => {
      await page.getByRole('link', { name: 'Publish' }).click()
      await page.getByLabel('Body').fill('{"hello":"<i>wörld</i>"}')
      await button('Publish').click()
      await page.getByText('Published to 127.0.0.1').waitFor()
      await page.getByLabel('Body').fill('later')
      await page.getByLabel('Delay in seconds').fill('90')
      await button('Publish in 1m30s').click()
      await page.getByText('(2 so far)').waitFor()
      await shoot('publish')
    })

    it('watches the chart move', async () => {
      await page.getByRole('link', { name: 'Overview' }).last().click()
      const rates = page.getByRole('figure', { name: 'Messages per second' })
      const publish = rates.getByRole('button', { name: /^Publish/ })
      await publish.waitFor()
      const drawn = () =>
        rates
          .locator('canvas')
          .evaluate((canvas) =>
            Reflect.apply(Reflect.get(canvas, 'toDataURL') as () => string, canvas, []),
          )
      const still = await drawn()
      const [node] = cluster.nsqds
      const deadline = Date.now() + LIMIT_MS
      while ((await publish.textContent())?.endsWith(' 0') !== false || (await drawn()) === still) {
        assert.ok(Date.now() < deadline, `the chart stands still: ${await publish.textContent()}`)
        await node.post('/pub?topic=walk', 'more')
        await pause(100)
      }
      await shoot('topic')
    })

    it('peeks at what waits, without taking it', async () => {
      await page.getByRole('link', { name: 'Messages', exact: true }).click()
      await page.getByText('"hello": "<i>wörld</i>"').waitFor()
      await button('Hex').first().click()
      await page.getByText('00000000').first().waitFor()
      await shoot('peek')
      const state = page.getByRole('group', { name: 'State of the messages' })
      await state.getByRole('button', { name: 'Deferred' }).click()
      await page.getByText('later').waitFor()
    })

    it('tails, with a filter', async () => {
      await page.getByRole('link', { name: 'Live tail' }).click()
      await page.getByLabel('Only bodies with this text').fill('needle')
      await button('Start').click()
      await page.getByText('live', { exact: true }).waitFor()
      const found = page.getByText('a needle')
      const [node] = cluster.nsqds
      await until('the needle is shown', async () => {
        await node.post('/mpub?topic=walk', 'hay\na needle\nhay')
        return (await found.count()) > 0
      })
      assert.equal(await page.getByText('hay', { exact: true }).count(), 0)
      await shoot('tail')
      await button('Stop').click()
    })

    it('pauses and unpauses', async () => {
      await open(topicPage)
      await button('Pause Topic').click()
      await shoot('confirm')
      await confirm('Pause', 1)
      await page.locator('h1 + *', { hasText: 'paused' }).waitFor()
      await button('UnPause Topic').click()
      await confirm('UnPause', 1)
      await button('Pause Topic').waitFor()
    })

    it('empties a channel, after typing its name', async () => {
      await open(`${topicPage}/first`)
      const total = page.locator('tfoot td').first()
      await until('messages wait', async () => Number(await total.textContent()) > 0)
      await button('Empty Queue').click()
      const verb = dialog().getByRole('button', { name: 'Empty Queue' })
      assert.equal(await verb.isDisabled(), true)
      await dialog().getByRole('textbox').fill('walk')
      assert.equal(await verb.isDisabled(), true)
      await dialog().getByRole('textbox').fill('first')
      await confirm('Empty Queue', 1)
      await until('nothing waits', async () => (await total.textContent()) === '0')
      await shoot('channel')
    })

    it('deletes the topic, after typing its name', async () => {
      await open(topicPage)
      await button('Delete Topic').click()
      await dialog().getByRole('textbox').fill('walk')
      await confirm('Delete topic', 1)
      await page.getByRole('heading', { name: 'Topics', level: 1 }).waitFor()
      const link = page.getByRole('link', { name: 'walk', exact: true })
      await until('the topic is gone', async () => (await link.count()) === 0)
    })

    it('finds it all in the audit log', async () => {
      await page.keyboard.press('g')
      await page.keyboard.press('a')
      await page.getByRole('heading', { name: 'Audit log' }).waitFor()
      const actions = ['create_channel', 'pause_topic', 'empty_channel', 'delete_topic']
      for (const action of actions) await page.getByText(action, { exact: true }).first().waitFor()
      await shoot('audit')
    })
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
