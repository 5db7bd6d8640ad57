import { readFileSync } from 'node:fs'
import t from 'tap'
import { createChecklist } from '../../src/doctor/checklist.ts'
import { realProbes } from '../../src/doctor/probes.ts'
import { providers } from '../../src/providers/index.ts'
import { inspectSettings } from '../../src/settings/load.ts'

t.test('has a paragraph in the guide for each point of the checklist, in the same order', async (t) => {
  const inspected = inspectSettings({ env: {}, providers })
  const checklist = await createChecklist({ inspected, env: {}, definitions: providers, probes: realProbes() })
  const names = checklist.map(({ name }) => name)
  const guide = readFileSync('docs/going-to-production.md', 'utf8').split(/^## /m)[1] ?? ''
  t.match(guide, /^The checklist, in the doctor's order\n/)
  const paragraphs = [...guide.matchAll(/^\*\*([^*.]+)\.\*\*/gm)].map(([, title]) => title!.toLowerCase().split(' ')[0])
  t.strictSame(paragraphs, names)
})
