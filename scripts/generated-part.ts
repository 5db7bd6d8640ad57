import { readFileSync, writeFileSync } from 'node:fs'

/**
 * Writes `text` between the marks `<!-- name -->` and `<!-- /name -->` of a file, given relative to the project's folder.
 * With `--check` on the command line it writes nothing, and sets the exit status to 1 when the file differs.
 */
export const writePart = (file: string, name: string, text: string, command: string): void => {
  const path = new URL(`../${file}`, import.meta.url)
  const marks = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*(<!-- /${name} -->)`)
  const before = readFileSync(path, 'utf8')
  const after = before.replace(marks, (_, open, close) => `${open}${text}\n${close}`)
  if (!process.argv.includes('--check')) {
    writeFileSync(path, after)
  } else if (after !== before || !marks.test(before)) {
    process.stderr.write(`The part "${name}" of ${file} differs from the source. Run: ${command}\n`)
    process.exitCode = 1
  }
}
