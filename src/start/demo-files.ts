/**
 * The demo pages as a browser gets them. Nothing is built: types are stripped once, at the start, so that what runs is
 * line by line what is on the disk.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { extname } from 'node:path'

/** One file: its media type and what is in it. */
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

/** What the pages import, as a bundler would find it. */
const PACKAGE = /(?<=from ')doorcode\/client(?=')/g

/** Strips without the warning that the function is new: it is said to whoever starts us, who can do nothing about it. */
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
 * The pages in `demo/` of the project and the client that they import, by their paths below `/demo/`; undefined where a
 * package or an image has come without them.
 */
export const readDemoFiles = (project = new URL('../../', import.meta.url)): Map<string, DemoFile> | undefined => {
  const pages = new URL('demo/', project)
  const client = new URL('client/src/', project)
  if (!existsSync(pages) || !existsSync(client)) return undefined
  return new Map([...readFolder(pages, ''), ...readFolder(client, 'client/')])
}
