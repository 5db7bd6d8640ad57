import t from 'tap'
import { Value } from 'typebox/value'
import { humanChecks } from '../src/guard/human-checks/index.ts'
import { numberIntelligence } from '../src/guard/number-intelligence/index.ts'
import { providers } from '../src/providers/index.ts'
import { type SettingSchema, SettingsSchema } from '../src/settings/schema.ts'

const parts = [...providers, ...humanChecks, ...numberIntelligence]
const settings = [SettingsSchema, ...parts.map((part) => part.settings)].flatMap(({ properties }) =>
  Object.entries(properties).map(([name, schema]) => ({ name, schema, facts: schema as unknown as SettingSchema })),
)

t.test('describes every setting in a sentence, with an example that a non-secret setting accepts', async (t) => {
  for (const { name, schema, facts } of settings) {
    t.match(facts.description, /^[A-Z`].*\.$/, name)
    const example = facts.type === 'array' ? facts.examples : facts.examples[0]
    t.ok(facts.secret ? example : Value.Check(schema, example), `${name}: ${example}`)
  }
})

t.test('gives every setting a default that it accepts', async (t) => {
  for (const { name, schema, facts } of settings) {
    if (facts.default !== undefined) t.ok(Value.Check(schema, facts.default), name)
  }
})

t.test('gives every duration its unit', async (t) => {
  for (const { name, facts } of settings) {
    if (/_TTL$|_COOLDOWN$|_DELAY$|_TIMEOUT$/.test(name)) t.equal(facts.unit, 'seconds', name)
  }
})

t.test('marks every setting that holds a credential as secret', async (t) => {
  for (const { name, facts } of settings) {
    const credential =
      /^SECRET|^JWT_KEYS$|_SECRET$|(?<!PUBLIC|SITE)_KEY$|_TOKEN$|^WEBHOOK_HEADERS$|^HTTPS?_PROXY$|^(?:DATABASE|REDIS)_URL$/.test(
        name,
      )
    t.equal(facts.secret ?? false, credential, name)
  }
})

t.test('gives secrets no default', async (t) => {
  for (const { name, facts } of settings) if (facts.secret) t.equal(facts.default, undefined, name)
})
