import type { Test } from 'tap'
import type { TObject } from 'typebox'
import { Value } from 'typebox/value'
import type { SettingSchema } from '../../src/settings/schema.ts'

/** Asserts that the settings of a named part start with its name, are described, and mark its secrets. */
export const assertExplained = (
  t: Test,
  { name, settings }: { name: string; settings: TObject },
  secrets: RegExp,
): void => {
  t.match(name, /^[a-z][a-z0-9-]*$/)
  const prefix = `${name.toUpperCase().replaceAll('-', '_')}_`
  for (const [setting, schema] of Object.entries(settings.properties)) {
    const { description, examples, secret, default: standard } = schema as unknown as SettingSchema
    t.ok(setting.startsWith(prefix), setting)
    t.match(description, /^[A-Z`].*\.$/, setting)
    t.ok(examples.length > 0 && examples.every((example) => Value.Check(schema, example)), `${setting}: examples`)
    t.equal(secret ?? false, secrets.test(setting), `${setting}: secret`)
    if (standard !== undefined) t.ok(Value.Check(schema, standard), `${setting}: default`)
    if (/_URL$/.test(setting)) t.match(standard, /^https:\/\//, `${setting} uses TLS`)
  }
}
