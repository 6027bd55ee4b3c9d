// A headless Chromium, and what every look at a page holds it to.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

import { type Browser, chromium, type Page } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

function chromiumPath(): string | undefined {
  if (process.env['CHROMIUM_PATH']) return process.env['CHROMIUM_PATH']
  const folders = (process.env['PATH'] ?? '').split(path.delimiter)
  return NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))).find((file) =>
    existsSync(file),
  )
}

/** Why the browser's tests can't run here; false when they can, and where they must. */
export function browserMissing(): string | false {
  if (chromiumPath() !== undefined || process.env['CI'] === 'true') return false
  return 'no Chromium found; install it, or say where it is with CHROMIUM_PATH'
}

export function launchBrowser(): Promise<Browser> {
  const executablePath = chromiumPath()
  assert.ok(executablePath, 'no Chromium found: apt-get install chromium, or set CHROMIUM_PATH')
  const flags = ['--disable-gpu', '--disable-dev-shm-usage']
  // Chromium refuses its sandbox to root, as containers have it.
  if (process.getuid?.() === 0) flags.push('--no-sandbox')
  return chromium.launch({ executablePath, args: flags })
}

/** Everything that went wrong inside a page: exceptions, and what the browser complains about. */
export function watchErrors(page: Page): string[] {
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    const isRefusal = message.text().startsWith('Failed to load resource')
    if (message.type() === 'error' && !isRefusal) errors.push(message.text())
  })
  return errors
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

/** What axe finds wrong with the page as it stands; for other colours of the same page, with these only. */
export async function axeViolations(
  page: Page,
  what: 'all' | 'colours' = 'all',
): Promise<string[]> {
  // Through the debugger: the page's content security policy lets no script in.
  if (!(await page.evaluate('Boolean(window.axe)'))) await page.evaluate(axe)
  const rules = what === 'all' ? '{}' : "{ runOnly: ['color-contrast'] }"
  const violations = await page.evaluate<readonly Violation[]>(
    `axe.run(${rules}).then(({ violations }) => violations)`,
  )
  return violations.map(
    ({ id, nodes: [first] }) => `${id}: ${first?.html}\n${first?.failureSummary}`,
  )
}
