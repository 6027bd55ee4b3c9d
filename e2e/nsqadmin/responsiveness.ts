// How fast a page comes and how long it keeps the browser busy at a stretch.

import type { Browser, Page } from 'playwright-core'

export interface Figures {
  /** From asking for the page to its first paint, and to its numbers being there. */
  readonly firstPaintMs: number
  readonly firstPageMs: number
  /** The longest stretch in which the browser could not answer to anything. */
  readonly longestTaskMs: number
  readonly requests: number
  /** Over the wire, compressed. */
  readonly transferredBytes: number
}

const WATCH_TASKS = `
  window.longTasks = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.longTasks.push(entry.duration);
  }).observe({ type: 'longtask', buffered: true });
`
const REFRESHES_MS = 12_000

/** Opens nsqadmin as an operator would, looks round the topics, and stays for some refreshes. */
export async function measure(browser: Browser, base: string): Promise<Figures> {
  const page = await browser.newPage({ viewport: { width: 1360, height: 900 } })
  try {
    await page.addInitScript(WATCH_TASKS)
    const started = performance.now()
    await page.goto(`${base}/`)
    await page.getByRole('region', { name: 'Deepest topics' }).waitFor()
    const firstPageMs = performance.now() - started
    const wire = await page.evaluate<{ paint: number; requests: number; bytes: number }>(`({
      paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
      requests: performance.getEntriesByType('resource').length + 1,
      bytes: performance.getEntriesByType('resource').reduce((sum, one) => sum + one.transferSize, 0),
    })`)
    await lookRound(page)
    await page.waitForTimeout(REFRESHES_MS)
    const tasks = await page.evaluate<number[]>('window.longTasks')
    return {
      firstPaintMs: wire.paint,
      firstPageMs,
      longestTaskMs: Math.max(0, ...tasks),
      requests: wire.requests,
      transferredBytes: wire.bytes,
    }
  } finally {
    await page.close()
  }
}

async function lookRound(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Topics', exact: true }).click()
  await page.getByRole('region', { name: 'Topics' }).waitFor()
  for (const head of ['Depth', 'Messages', 'Topic']) {
    await page.getByRole('columnheader', { name: head }).getByRole('button').click()
  }
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByRole('searchbox').pressSequentially('1', { delay: 30 })
  await page.waitForURL('**q=1**')
  await page.getByRole('searchbox').fill('')
  await page.getByLabel('Choose all', { exact: false }).check()
  await page.getByLabel('Choose all', { exact: false }).uncheck()
}
