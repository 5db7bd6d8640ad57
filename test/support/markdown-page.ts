import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** A fenced block of a page. */
export interface Block {
  page: string
  /** The first line of the block. */
  line: number
  language: string
  /** The file name of the program, if it has one. */
  name: string | undefined
  text: string
}

/** Every hand-written page, as a path from the project's folder. */
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

/** Returns the fenced blocks of a page, in order. */
export const blocksOf = (page: string): Block[] => {
  const markdown = readFileSync(page, 'utf8')
  return [...markdown.matchAll(FENCE)].map(({ groups, index }) => {
    const [language = '', name] = groups!['info']!.trim().split(' ')
    return { page, line: markdown.slice(0, index).split('\n').length, language, name, text: groups!['text']! }
  })
}

/** Returns the text outside of blocks and code, which contains the links and headings. */
const proseOf = (page: string): string =>
  readFileSync(page, 'utf8')
    .replaceAll(FENCE, '')
    .replaceAll(/`[^`\n]*`/g, '')

/** Returns the anchors that GitHub makes from headings. */
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

/** Returns dead links within the project as `page: link`. `exists` tells whether a file or folder exists. */
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
