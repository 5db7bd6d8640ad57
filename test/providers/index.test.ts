import { globSync, readFileSync } from 'node:fs'
import t from 'tap'
import { providers } from '../../src/providers/index.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

t.test('gives every provider a unique name that fits SMS_PROVIDERS', async (t) => {
  const names = providers.map(({ name }) => name)
  t.equal(new Set(names).size, names.length)
  for (const name of names) t.match(name, /^[a-z][a-z0-9]*$/)
})

t.test('lists every provider', async (t) => {
  const files = globSync('src/providers/**/*.ts').filter((file) =>
    readFileSync(file, 'utf8').includes(' = defineProvider({'),
  )
  const isOf = (name: string) => [`src/providers/${name}/index.ts`, `src/providers/development/${name}.ts`]
  t.equal(files.length, providers.length)
  for (const { name } of providers)
    t.ok(
      isOf(name).some((file) => files.includes(file)),
      name,
    )
})

t.test('tests every provider against the contract', async (t) => {
  for (const { name, real } of providers) {
    const call = real ? 'testRealProvider(t, ' : 'testLocalProvider(t, '
    t.ok(read(`${name}.test.ts`).includes(call), `${name}.test.ts calls the contract`)
  }
})

t.test('prefixes each setting with the name of its provider', async (t) => {
  for (const { name, settings } of providers) {
    for (const setting of Object.keys(settings.properties)) t.ok(setting.startsWith(`${name.toUpperCase()}_`), setting)
  }
})
