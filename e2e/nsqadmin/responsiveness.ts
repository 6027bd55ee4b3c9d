// How fast a page comes and how long it keeps the browser busy at a stretch.

import type { Browser, Page } from 'playwright-core'

export interface Figures {
  /** From asking for the page to its first paint, and to its numbers being there. */
  readonly firstPaintMs: number
  readonly firstPageMs: number
  /** The longest stretch in which the browser could not answer to anything. */
  readonly longestTaskMs: number
  readonly requests: number
  /** Of what the page is made of, and of what it asked the API for, as sent. */
  readonly weightBytes: number
  readonly dataBytes: number
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
    const firstPaintMs = await page.evaluate<number>(
      "performance.getEntriesByName('first-contentful-paint')[0].startTime",
    )
    const sent = await page.evaluate<Sent[]>(`
      ['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type))
        .map(({ name, transferSize }) => ({ name, bytes: transferSize }))
    `)
    await lookRound(page)
    await page.waitForTimeout(REFRESHES_MS)
    const tasks = await page.evaluate<number[]>('window.longTasks')
    return {
      firstPaintMs,
      firstPageMs,
      longestTaskMs: Math.max(0, ...tasks),
      requests: sent.length,
      weightBytes: bytesOf(sent.filter(({ name }) => !name.includes('/api/'))),
      dataBytes: bytesOf(sent.filter(({ name }) => name.includes('/api/'))),
    }
  } finally {
    await page.close()
  }
}

interface Sent {
  readonly name: string
  readonly bytes: number
}

function bytesOf(sent: readonly Sent[]): number {
  return sent.reduce((sum, { bytes }) => sum + bytes, 0)
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
  await page.waitForURL((url) => !url.searchParams.has('q'))
  await page.getByLabel('Choose all', { exact: false }).check()
  await page.getByLabel('Choose all', { exact: false }).uncheck()
}
