import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** A fenced block of a page. */
export interface Block {
  page: string
  /** The line that it begins on. */
  line: number
  language: string
  /** The name of the program that it is, where it has one. */
  name: string | undefined
  text: string
}

/** Every page that people read, from the folder of the project. */
export const PAGES: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'client/README.md',
  ...['docs', 'examples/spa', 'examples/mobile', 'examples/protected-api', 'examples/end-to-end'].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
]

const FENCE = /^(?<fence>`{3,})(?<info>.*)\n(?<text>[\s\S]*?)^\k<fence>$/gm

/** The fenced blocks of a page, in their order. */
export const blocksOf = (page: string): Block[] => {
  const markdown = readFileSync(page, 'utf8')
  return [...markdown.matchAll(FENCE)].map(({ groups, index }) => {
    const [language = '', name] = groups!['info']!.trim().split(' ')
    return { page, line: markdown.slice(0, index).split('\n').length, language, name, text: groups!['text']! }
  })
}

/** What stands outside of blocks and code, where links and headings are. */
const proseOf = (page: string): string =>
  readFileSync(page, 'utf8')
    .replaceAll(FENCE, '')
    .replaceAll(/`[^`\n]*`/g, '')

/** The anchors that headings make, as GitHub makes them. */
const anchorsOf = (page: string): Set<string> => {
  const headings = readFileSync(page, 'utf8')
    .replaceAll(FENCE, '')
    .matchAll(/^#{1,6} (.+)$/gm)
  const seen = new Map<string, number>()
  const anchors = [...headings].map(([, heading]) => {
    const slug = heading!
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-')
    const times = seen.get(slug) ?? 0
    seen.set(slug, times + 1)
    return times === 0 ? slug : `${slug}-${times}`
  })
  return new Set(anchors)
}

/** Links within the project that lead nowhere, as `page: link`. `exists` says whether there is a file or folder. */
export const deadLinks = (page: string, exists: (path: string) => boolean): string[] =>
  [...proseOf(page).matchAll(/\]\((?<to>[^)\s]+)\)|<(?:img|a)[^>]+(?:src|href)="(?<at>[^"]+)"/g)]
    .map(({ groups }) => groups!['to'] ?? groups!['at']!)
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : normalize(join(dirname(page), path))
      if (!exists(target)) return true
      return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor)
    })
    .map((link) => `${page}: ${link}`)
