/**
 * Reads the demo pages for the browser. There is neither a build nor a bundler: types are stripped once, at the start. The
 * code that runs is thus line by line the code on the disk.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { extname } from 'node:path'

/** A file, with its media type. */
export interface DemoFile {
  type: string
  body: string
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
}

/** The import of the client in the pages, which a bundler would resolve. */
const PACKAGE = /(?<=from ')doorcode\/client(?=')/g

/** Strips types without the warning that the function is experimental: the operator can do nothing about it. */
const stripTypes = (text: string): string => {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(text)
  } finally {
    process.emitWarning = emitWarning
  }
}

const readFolder = (folder: URL, prefix: string): [string, DemoFile][] =>
  readdirSync(folder)
    .filter((name) => extname(name) in TYPES)
    .map((name) => {
      const text = readFileSync(new URL(name, folder), 'utf8')
      const body = name.endsWith('.ts') ? stripTypes(text).replaceAll(PACKAGE, './client/index.ts') : text
      return [`${prefix}${name}`, { type: TYPES[extname(name)]!, body }]
    })

/**
 * Returns the pages in `demo/` of the project and the client that they import, by their paths below `/demo/`. Returns
 * undefined if the package or image does not have them.
 */
export const readDemoFiles = (project = new URL('../../', import.meta.url)): Map<string, DemoFile> | undefined => {
  const pages = new URL('demo/', project)
  const client = new URL('client/src/', project)
  if (!existsSync(pages) || !existsSync(client)) return undefined
  return new Map([...readFolder(pages, ''), ...readFolder(client, 'client/')])
}
