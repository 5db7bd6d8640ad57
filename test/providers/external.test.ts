import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { isExternal, loadExternal } from '../../src/providers/external.ts'

mkdirSync('.tap', { recursive: true })
const folder = mkdtempSync(join('.tap', 'external-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

const write = (name: string, source: string): string => {
  const path = join(folder, name)
  writeFileSync(path, source)
  return `./${relative('.', path)}`
}

const ACME = `{
  name: 'acme',
  real: true,
  channels: ['sms'],
  settings: {
    type: 'object',
    required: ['ACME_TOKEN'],
    properties: { ACME_TOKEN: { type: 'string', description: 'Token of your account.', examples: ['x'], secret: true } },
  },
  create: () => ({ name: 'acme', channels: ['sms'], send: async () => ({ outcome: 'accepted' }) }),
}`

t.test('distinguishes files and packages from names of built-in providers', async (t) => {
  for (const name of ['./acme.ts', '../acme.ts', '/etc/acme.ts', '@acme/doorcode-sms', 'doorcode-sms-acme']) {
    t.ok(isExternal(name), name)
  }
  for (const name of ['twilio', 'doorcode', 'acme.ts', '@acme', '']) t.notOk(isExternal(name), name)
})

t.test('loads a provider from the export "provider" or the default export of a file', async (t) => {
  const named = write(
    'named.ts',
    `const answer: number = 1\nexport const provider = ${ACME}\nexport const other = answer\n`,
  )
  const byDefault = write('default.mjs', `export default ${ACME}\n`)
  const { loaded, faults } = await loadExternal([named, 'twilio', byDefault])
  t.same(faults, [])
  t.match(loaded, [
    { name: 'acme', source: named },
    { name: 'acme', source: byDefault },
  ])
})

t.test('reports why a provider cannot be used', async (t) => {
  const faulty: [source: string, fault: RegExp][] = [
    ['export const other = 1', /exports no "provider"/],
    [`export default ${ACME.replace("'acme'", "'Acme Co'")}`, /no "name" in lower case/],
    [`export default ${ACME.replace('real: true,', '')}`, /"real"/],
    [`export default ${ACME.replace("['sms']", "['fax']")}`, /no "channels" among sms, voice, whatsapp/],
    [`export default ${ACME.replace('create:', 'make:')}`, /no function "create"/],
    [`export default ${ACME.replace('properties:', 'members:')}`, /no "settings" with "properties"/],
    [`export default ${ACME.replace('ACME_TOKEN: {', 'TOKEN: {')}`, /setting TOKEN that does not start with ACME_/],
    [`export default ${ACME.replace("examples: ['x'],", '')}`, /ACME_TOKEN without "description" and "examples"/],
    ['export default {', /cannot be loaded/],
    ['throw null', /cannot be loaded: null/],
  ]
  for (const [nth, [source, fault]] of faulty.entries()) {
    const path = write(`faulty-${nth}.mjs`, source)
    const { loaded, faults } = await loadExternal([path])
    t.match({ loaded, faults }, { loaded: [], faults: [fault] }, source.slice(0, 40))
    t.ok(faults[0]?.startsWith(`SMS_PROVIDERS names "${path}", which `))
  }
  t.match((await loadExternal(['./no-such-file.ts', '@acme/no-such-package'])).faults, [
    /no-such-file/,
    /no-such-package/,
  ])
})
