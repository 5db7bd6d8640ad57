import assert from 'node:assert/strict'
import { CHANNELS } from '../src/core/delivery/ports.ts'
import type { ContractCase, ProviderSubject } from './stage.ts'
import { createProvider } from './wire.ts'

const UNUSED = 'http://127.0.0.1:1/'

/** Returns the tests of a provider's definition and of the provider that it creates. */
export const definitionContract = ({ definition, settings, secrets }: ProviderSubject): ContractCase[] => {
  const prefix = `${definition.name.toUpperCase()}_`
  const { properties } = definition.settings
  const required: readonly string[] = definition.settings.required ?? []
  const schemas = Object.entries(properties as Record<string, Record<string, unknown>>)

  return [
    {
      name: 'has the name that SMS_PROVIDERS uses',
      run: async () => {
        assert.match(definition.name, /^[a-z][a-z0-9]*$/)
        assert.equal((await createProvider(definition, settings(UNUSED))).name, definition.name)
      },
    },
    {
      name: 'sends real messages, and names its API document',
      run: async () => {
        assert.equal(definition.real, true)
        assert.match(definition.document?.url ?? '', /^https:\/\/\S+$/)
        assert.ok(definition.document?.version, 'its version is given')
      },
    },
    {
      name: 'has only channels of its definition, and at least one',
      run: async () => {
        const { channels } = await createProvider(definition, settings(UNUSED))
        assert.ok(channels.length > 0, 'these settings enable a channel')
        assert.equal(new Set(channels).size, channels.length)
        for (const channel of channels) assert.ok(definition.channels.includes(channel), channel)
        for (const channel of definition.channels) assert.ok(CHANNELS.includes(channel), channel)
        if (channels.includes('sms')) assert.equal(channels[0], 'sms', 'sms comes first')
      },
    },
    {
      name: 'reads receipts only if its definition declares them',
      run: async () => {
        const { readReceipt } = await createProvider(definition, settings(UNUSED))
        if (definition.receipts === undefined) assert.equal(readReceipt, undefined)
        else assert.ok(definition.receipts.length > 0, 'the signature is described')
      },
    },
    {
      name: 'describes its settings, whose names start with its own',
      run: async () => {
        for (const [name, { description, examples }] of schemas) {
          assert.ok(name.startsWith(prefix) && /^[A-Z0-9_]+$/.test(name), name)
          assert.ok(typeof description === 'string' && description.length > 0, `${name} has a description`)
          assert.ok(Array.isArray(examples) && examples.length > 0, `${name} has examples`)
        }
        for (const name of Object.keys(settings(UNUSED))) assert.ok(name in properties, `${name} is a declared setting`)
      },
    },
    {
      name: 'has a setting for its URL, with TLS by default',
      run: async () => {
        const schema = (properties as Record<string, { default?: unknown }>)[`${prefix}URL`]
        assert.ok(schema, `${prefix}URL`)
        if (schema.default === undefined)
          assert.ok(required.includes(`${prefix}URL`), 'it has a default or is required')
        else assert.match(String(schema.default), /^https:\/\//)
      },
    },
    {
      name: 'marks its credentials as secrets',
      run: async () => {
        for (const [name, value] of Object.entries(settings(UNUSED))) {
          const { secret } = (properties as Record<string, { secret?: unknown }>)[name] ?? {}
          if (secrets.includes(String(value))) assert.equal(secret, true, `${name} is marked as a secret`)
        }
      },
    },
  ]
}
