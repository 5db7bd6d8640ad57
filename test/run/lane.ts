/**
 * Runs test files one after the other in one process, which loads the sources once. Each file stays a plain tap file;
 * its import of `tap` resolves to a test of its own. `suite.ts` starts this process and hands out the files.
 */
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { Test } from 'tap'
import type { FromSuite, ToSuite } from './messages.ts'

/** The time limit of one file, in ms. */
const LONGEST_FILE = 180_000

const NO_DOMAIN = new URL('./no-domain.ts', import.meta.url).href

const FILE_TEST = new URL('./file-test.ts', import.meta.url)

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'async-hook-domain') return { url: NO_DOMAIN, shortCircuit: true }
    if (specifier !== 'tap' || !/\.(?:test|long)\.ts$/.test(context.parentURL ?? '')) return next(specifier, context)
    const url = new URL(FILE_TEST)
    url.searchParams.set('of', context.parentURL!)
    return { url: url.href, shortCircuit: true }
  },
})

// A dynamic import, because a static one would run before the hooks.
const { t: root } = await import('tap')

const tell = (message: ToSuite) => process.send?.(message)

// Keeps this process alive between two files, because tap does not let the IPC channel keep it alive.
const alive = setInterval(() => {}, 60_000)

const nextFile = (): Promise<string | null> =>
  new Promise((resolve) => {
    const hear = (message: FromSuite) => {
      if (!('file' in message)) return
      process.off('message', hear)
      resolve(message.file)
    }
    process.on('message', hear)
    tell({ ask: 'file' })
  })

for (let file = await nextFile(); file !== null; file = await nextFile()) {
  const url = pathToFileURL(file).href
  await root.test(file, { timeout: LONGEST_FILE }, async (test) => {
    globalThis.fileTest = test as Test
    await import(url)
  })
}
clearInterval(alive)
process.disconnect?.()
