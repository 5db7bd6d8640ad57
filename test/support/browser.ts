import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import axe, { type AxeResults } from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'
import { noteMissing } from '../run/missing.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** The Chromium of this machine: the one that `CHROMIUM_PATH` names, or one on the path. */
export const findChromium = (): string | undefined => {
  const { CHROMIUM_PATH: given, PATH = '' } = process.env
  if (given) return given
  const folders = PATH.split(delimiter)
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))
}

/** Starts it, headless. */
export const launchChromium = (executablePath: string): Promise<Browser> =>
  // Its sandbox refuses root.
  chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })

/** What axe finds on a page as it is now, each with its rule and the elements; empty when nothing is wrong. */
export const axeFindings = async (page: Page): Promise<string[]> => {
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<AxeResults>('axe.run()')
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
}

/** What a page may open with. */
export interface PageOptions extends BrowserContextOptions {
  /** Faults of the page that the test brings about, such as requests that nobody answers. */
  expected?: RegExp
}

/** Opens a page of its own, as nobody has seen it before. */
export type OpenPage = (t: Test, address: string, options?: PageOptions) => Promise<Page>

/** A refusal is no fault of a page: browsers write one line for each answer that is no success. */
const REFUSED = /^Failed to load resource: the server responded with a status of (?:401|403|422|429|503)/

/** Notes what a page must not do: fail, break its own policy, ask anybody but the server it came from. */
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
 * Declares the tests of a file that need a browser, all of them in one Chromium. Where there is none they cannot run, and
 * the file says so; with `CI` set that is a failure. A page that did what it must not fails its test when that ends.
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
    // A failed assertion would not be heard here; an error is.
    t.teardown(async () => {
      await context.close()
      if (faults.length > 0) throw new Error(faults.join('\n'))
    })
    await page.goto(`${address}/demo`)
    return page
  })
}
