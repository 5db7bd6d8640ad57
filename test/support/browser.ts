import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import axe, { type AxeResults } from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'
import { noteMissing } from '../run/missing.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** Finds Chromium on this machine: the one in `CHROMIUM_PATH`, or one on the path. */
export const findChromium = (): string | undefined => {
  const { CHROMIUM_PATH: given, PATH = '' } = process.env
  if (given) return given
  const folders = PATH.split(delimiter)
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))
}

/** Starts Chromium, headless. */
export const launchChromium = (executablePath: string): Promise<Browser> =>
  // The sandbox of Chromium refuses root.
  chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })

/** Returns the violations that axe finds on a page, each with its rule and elements. */
export const axeFindings = async (page: Page): Promise<string[]> => {
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<AxeResults>('axe.run()')
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
}

/** The options of a page. */
export interface PageOptions extends BrowserContextOptions {
  /** Faults of the page that the test causes, such as refused connections. */
  expected?: RegExp
}

/** Opens a page in a new browser context. */
export type OpenPage = (t: Test, address: string, options?: PageOptions) => Promise<Page>

/** Browsers log one line for each error response; these statuses are expected. */
const REFUSED = /^Failed to load resource: the server responded with a status of (?:401|403|422|429|503)/

/** Records the faults of a page: errors, violations of its policy, and requests to another server. */
const watchPage = (page: Page, address: string, expected: RegExp | undefined): string[] => {
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  page.on('console', (line) => {
    const text = line.text()
    if (['error', 'warning'].includes(line.type()) && !REFUSED.test(text) && !expected?.test(text)) faults.push(text)
  })
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== address) faults.push(`a request to ${request.url()}`)
  })
  return faults
}

/**
 * Declares the tests of a file that need a browser, all in one Chromium. Without Chromium they are skipped with a note,
 * or fail if `CI` is set. A page with a fault fails its test at the end.
 */
export const browserTests = async (t: Test, declare: (openPage: OpenPage) => void | Promise<void>): Promise<void> => {
  const executablePath = findChromium()
  if (executablePath === undefined) {
    return noteMissing(t, 'Chromium', 'Run: apt-get install chromium, or set CHROMIUM_PATH.')
  }
  let browser: Promise<Browser> | undefined
  t.teardown(async () => (await browser)?.close())

  await declare(async (t, address, { expected, ...options } = {}) => {
    browser ??= launchChromium(executablePath)
    const context = await (await browser).newContext({ locale: 'en-GB', ...options })
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    const faults = watchPage(page, address, expected)
    // A failed assertion would be lost here; an error is reported.
    t.teardown(async () => {
      await context.close()
      if (faults.length > 0) throw new Error(faults.join('\n'))
    })
    await page.goto(`${address}/demo`)
    return page
  })
}
