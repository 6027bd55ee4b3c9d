// Who sees what: nsqadmin with logins and roles, and one that only shows, in a browser.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'

import type { Browser, Page } from 'playwright-core'

import { axeViolations, browserMissing, launchBrowser, watchErrors } from './browser.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { Daemon } from './daemon.ts'

const NSQADMIN = path.resolve(import.meta.dirname, '../../../packages/tsq/bin/nsqadmin.js')
const PASSWORD = 'correct horse'
const BASE_PATH = '/ops/nsq'

describe('nsqadmin and who looks at it', { skip: browserMissing() }, () => {
  let cluster: Cluster
  let readOnly: Daemon
  let browser: Browser
  let page: Page
  let errors: string[]

  const button = (name: string) => page.getByRole('button', { name, exact: true })
  const logIn = async (user: string, password: string): Promise<void> => {
    await page.getByLabel('User').fill(user)
    await page.getByLabel('Password').fill(password)
    await button('Log in').click()
  }
  /** Who may act sees the buttons of the topic's page. */
  const buttonsOfTopic = async (): Promise<string[]> => {
    await page.getByRole('heading', { name: 'orders', level: 1 }).waitFor()
    await page.getByRole('table').first().waitFor()
    const names = ['Pause Topic', 'Empty Queue', 'Delete Topic', '✘']
    const found: string[] = []
    for (const name of names) {
      const count = await page.locator('button', { hasText: name }).count()
      if (count > 0) found.push(name)
    }
    return found
  }

  before(async () => {
    const hash = execFileSync(process.execPath, [NSQADMIN, 'hash-password'], { input: PASSWORD })
    const users = ['viewer', 'operator', 'admin'].map(
      (role) => `--user=a-${role}:${role}:${hash.toString().trim()}`,
    )
    cluster = await startCluster([...users, `--base-path=${BASE_PATH}`])
    await cluster.nsqds[0].post('/pub?topic=orders', 'one')
    const flags = [`--lookupd-http-address=${cluster.lookupd.http}`, '--read-only']
    readOnly = await Daemon.start('nsqadmin', ['--http-address=127.0.0.1:0', ...flags])
    browser = await launchBrowser()
    page = await browser.newPage()
    page.setDefaultTimeout(20_000)
    errors = watchErrors(page)
  })

  after(async () => {
    await browser?.close()
    await readOnly?.[Symbol.asyncDispose]()
    await cluster?.close()
  })

  it('asks for a login, and says when it is wrong', async () => {
    await page.goto(`http://${cluster.admin.http}${BASE_PATH}/topics/orders`)
    await page.getByLabel('Password').waitFor()
    assert.deepEqual(await axeViolations(page), [])
    await logIn('a-viewer', 'wrong')
    await page.getByRole('alert').waitFor()
    assert.equal(await page.getByText('orders').count(), 0)
  })

  it('shows each role what it may do, below the base path', async () => {
    const expected = {
      viewer: [],
      operator: ['Pause Topic', 'Empty Queue'],
      admin: ['Pause Topic', 'Empty Queue', 'Delete Topic', '✘'],
    }
    for (const [role, buttons] of Object.entries(expected)) {
      await logIn(`a-${role}`, PASSWORD)
      assert.deepEqual(await buttonsOfTopic(), buttons, role)
      const audit = page.getByRole('link', { name: 'Audit log' })
      assert.equal(await audit.count(), role === 'viewer' ? 0 : 1)
      const publish = page.getByRole('link', { name: 'Publish' })
      assert.equal(await publish.count(), role === 'viewer' ? 0 : 1)
      await page.getByRole('link', { name: 'Topics', exact: true }).first().click()
      await page.waitForURL(`**${BASE_PATH}/topics`)
      await page.getByRole('link', { name: 'orders' }).click()
      await page.waitForURL(`**${BASE_PATH}/topics/orders`)
      await button('Log out').click()
      await page.getByLabel('Password').waitFor()
    }
  })

  it('acts under a login, and writes down who did', async () => {
    await logIn('a-admin', PASSWORD)
    await button('Pause Topic').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click()
    await page.getByText('Done: 1 of 1').waitFor()
    await button('Close').click()
    await page.getByRole('link', { name: 'Audit log' }).click()
    await page.getByRole('row', { name: /a-admin .* pause_topic/ }).waitFor()
  })

  it('only shows, where it is read only', async () => {
    await page.goto(`http://${readOnly.http}/topics/orders`)
    await page.getByText('read only').waitFor()
    assert.deepEqual(await buttonsOfTopic(), [])
    await page.getByRole('link', { name: 'Lookup' }).click()
    await page.getByRole('columnheader', { name: 'nsqlookupd Host' }).waitFor()
    assert.equal(await button('Create').count(), 0)
  })

  it('made the browser complain of nothing', () => {
    assert.deepEqual(errors, [])
  })
})
