// Somebody new: tsq up, and round nsqadmin's page with a topic of their own.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

import { until } from '@tsq/testing'
import type { Browser, Page } from 'playwright-core'

import { UpCluster } from '../cluster/up-cluster.ts'
import { AdminPage } from './admin-page.ts'
import { browserMissing, launchBrowser, watchErrors } from './browser.ts'

const LIMIT_MS = 30_000

describe('the walk of somebody new', { skip: browserMissing() }, () => {
  const topicPage = '/topics/walk'
  let cluster: UpCluster
  let nsqd: string
  let browser: Browser
  let page: Page
  let errors: string[]
  let view: AdminPage

  const post = async (url: string, body: string): Promise<void> => {
    const response = await fetch(`http://${nsqd}${url}`, { method: 'POST', body })
    assert.equal(response.status, 200)
  }

  before(async () => {
    cluster = await UpCluster.start()
    nsqd = await cluster.http('nsqd-1')
    browser = await launchBrowser()
    page = await browser.newPage({ viewport: { width: 1360, height: 900 } })
    page.setDefaultTimeout(LIMIT_MS)
    errors = watchErrors(page)
    view = await AdminPage.of(page, await cluster.http('nsqadmin'))
  })

  after(async () => {
    await browser?.close()
    await cluster?.[Symbol.asyncDispose]()
  })

  it('opens the page, and paints at once', async () => {
    await view.open('/')
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    const paint = await page.evaluate<number>(
      "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN",
    )
    process.stdout.write(`first paint after ${Math.round(paint)} ms\n`)
    assert.ok(paint < 3000, `${paint} ms`)
    const tile = page.locator('dt', { hasText: 'Nodes' }).locator('xpath=../dd')
    await until('the node is counted', async () => (await tile.textContent()) === '1')
    await view.shoot('overview')
  })

  it('creates a topic', async () => {
    await page.keyboard.press('g')
    await page.keyboard.press('l')
    await page.getByRole('heading', { name: 'Lookup', exact: true }).waitFor()
    await page.getByLabel('Topic Name').fill('walk')
    await page.getByLabel('Channel Name').fill('first')
    await view.button('Create').click()
    await page.getByText('walk/first is created').waitFor()
    await view.shoot('lookup')
    await page.getByRole('link', { name: 'Look', exact: true }).click()
    await page.getByRole('heading', { name: 'walk', level: 1 }).waitFor()
    assert.equal(new URL(page.url()).pathname, topicPage)
  })

  it('publishes, at once and with a delay', async () => {
    await page.getByRole('link', { name: 'Publish' }).click()
    await page.getByLabel('Body').fill('{"hello":"<i>wörld</i>"}')
    await view.button('Publish').click()
    await page.getByText('Published to 127.0.0.1').waitFor()
    await page.getByLabel('Body').fill('later')
    await page.getByLabel('Delay in seconds').fill('90')
    await view.button('Publish in 1m30s').click()
    await page.getByText('(2 so far)').waitFor()
    await view.shoot('publish')
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
    const deadline = Date.now() + LIMIT_MS
    while ((await publish.textContent())?.endsWith(' 0') !== false || (await drawn()) === still) {
      assert.ok(Date.now() < deadline, `the chart stands still: ${await publish.textContent()}`)
      await post('/pub?topic=walk', 'more')
      await pause(100)
    }
    await view.shoot('topic')
  })

  it('peeks at what waits, without taking it', async () => {
    await page.getByRole('link', { name: 'Messages', exact: true }).click()
    await page.getByText('"hello": "<i>wörld</i>"').waitFor()
    await view.button('Hex').first().click()
    await page.getByText('00000000').first().waitFor()
    await view.shoot('peek')
    const state = page.getByRole('group', { name: 'State of the messages' })
    await state.getByRole('button', { name: 'Deferred' }).click()
    await page.getByText('later').waitFor()
  })

  it('tails, with a filter', async () => {
    await page.getByRole('link', { name: 'Live tail' }).click()
    await page.getByLabel('Only bodies with this text').fill('needle')
    await view.button('Start').click()
    await page.getByText('live', { exact: true }).waitFor()
    const found = page.getByText('a needle')
    await until('the needle is shown', async () => {
      await post('/mpub?topic=walk', 'hay\na needle\nhay')
      return (await found.count()) > 0
    })
    assert.equal(await page.getByText('hay', { exact: true }).count(), 0)
    await view.shoot('tail')
    await view.button('Stop').click()
  })

  it('pauses and unpauses', async () => {
    await view.open(topicPage)
    await view.button('Pause Topic').click()
    await view.shoot('confirm')
    await view.confirm('Pause', 1)
    await page.locator('h1 + *', { hasText: 'paused' }).waitFor()
    await view.button('UnPause Topic').click()
    await view.confirm('UnPause', 1)
    await view.button('Pause Topic').waitFor()
  })

  it('empties a channel, after typing its name', async () => {
    await view.open(`${topicPage}/first`)
    const total = page.locator('tfoot td').first()
    await until('messages wait', async () => Number(await total.textContent()) > 0)
    await view.button('Empty Queue').click()
    const verb = view.dialog().getByRole('button', { name: 'Empty Queue' })
    assert.equal(await verb.isDisabled(), true)
    await view.dialog().getByRole('textbox').fill('walk')
    assert.equal(await verb.isDisabled(), true)
    await view.dialog().getByRole('textbox').fill('first')
    await view.confirm('Empty Queue', 1)
    await until('nothing waits', async () => (await total.textContent()) === '0')
    await view.shoot('channel')
  })

  it('deletes the topic, after typing its name', async () => {
    await view.open(topicPage)
    await view.button('Delete Topic').click()
    await view.dialog().getByRole('textbox').fill('walk')
    await view.confirm('Delete topic', 1)
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
    await view.shoot('audit')
  })

  it('has not made the browser complain', () => {
    assert.deepEqual(errors, [])
  })
})
