/** A part of an OpenAPI document: any JSON object. */
export type Part = Readonly<Record<string, unknown>>

/** Returns whether a value is a JSON object. */
export const isPart = (value: unknown): value is Part =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Returns a name in PascalCase: `invalid_code` and `Retry-After` become `InvalidCode` and `RetryAfter`. */
export const pascalCase = (name: string): string =>
  name.replace(/(?:^|[-_])([a-z])/gi, (_match, letter: string) => letter.toUpperCase())

/** Returns a copy in which `change` is applied to each member that is an object. Other members are unchanged. */
export const mapPart = (part: unknown, change: (value: Part, name: string) => unknown): Part =>
  Object.fromEntries(
    Object.entries((part ?? {}) as Part).map(([name, value]) => [name, isPart(value) ? change(value, name) : value]),
  )

/** Returns the schema of a response that allows further members, because later versions may add members. */
export const openToMore = (schema: Part): Part => {
  const { additionalProperties, ...rest } = mapPart(schema, openToMore)
  return {
    ...rest,
    ...(additionalProperties !== undefined && additionalProperties !== false && { additionalProperties }),
    ...(Array.isArray(rest['anyOf']) && { anyOf: rest['anyOf'].map(openToMore) }),
  }
}

/** Keywords that describe a schema without validating anything. */
const ANNOTATIONS = new Set(['description', 'examples', 'deprecated', 'externalDocs'])

const isNull = (schema: Part) => schema['type'] === 'null'

/** Rewrites general constructs of TypeBox into the forms that code generators support best. */
const tidy = (schema: Part): Part => {
  const { anyOf, ...rest } = schema
  if (Array.isArray(anyOf)) {
    const members = anyOf as Part[]
    const [first, second] = members
    if (members.every((member) => 'const' in member)) {
      return { type: first?.['type'], enum: members.map((member) => member['const']), ...rest }
    }
    if (members.length === 2 && first && second && isNull(second) && typeof first['type'] === 'string') {
      return { ...first, type: [first['type'], 'null'], ...rest }
    }
    return schema
  }
  const { enum: values, const: only } = schema
  if (Array.isArray(values) && values.every((value) => typeof value === 'string')) return { type: 'string', ...schema }
  return Number.isInteger(only) ? { ...schema, type: 'integer' } : schema
}

const without = (schema: Part, names: ReadonlySet<string>) =>
  Object.fromEntries(Object.entries(schema).filter(([name]) => !names.has(name)))

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)

const REF = '#/components/schemas/'

const nameIn = (schema: Part) => String(schema['$ref']).slice(REF.length)

/** The named schemas of a document. */
export interface SchemaNames {
  /** Returns the schemas by name, in alphabetical order. */
  all(): Part
  /**
   * Returns the schema with a reference for each part that has a `title`, which becomes its name. Annotations that
   * differ from those of the first use stay beside the reference. Throws if two different schemas have the same name.
   */
  place(schema: Part): Part
}

/** Creates an empty collection of named schemas. */
export const createSchemaNames = (): SchemaNames => {
  const named = new Map<string, Part>()

  const nameIt = (title: string, schema: Part): Part => {
    const known = named.get(title) ?? schema
    if (!isSame(without(known, ANNOTATIONS), without(schema, ANNOTATIONS))) {
      throw new Error(`two different schemas have the title ${title}`)
    }
    // Annotations that the first use lacks are added to the named schema.
    named.set(title, { ...schema, ...known })
    const differences = Object.entries(schema).filter(
      ([name, value]) => ANNOTATIONS.has(name) && name in known && !isSame(value, known[name]),
    )
    return { $ref: REF + title, ...Object.fromEntries(differences) }
  }

  /** Adds a discriminator to a union of named objects: the member whose constant differs in all of them. */
  const discriminate = (schema: Part): Part => {
    const { anyOf, ...rest } = schema
    if (!Array.isArray(anyOf) || !anyOf.every((member) => '$ref' in member)) return schema
    const valuesOf = (name: string) =>
      anyOf.map((member) => {
        const properties = named.get(nameIn(member))?.['properties'] as Record<string, Part> | undefined
        return properties?.[name]?.['const']
      })
    const names = Object.keys((named.get(nameIn(anyOf[0]))?.['properties'] ?? {}) as Part)
    const propertyName = names.find((name) => {
      const values = valuesOf(name)
      return values.every((value) => typeof value === 'string') && new Set(values).size === values.length
    })
    if (propertyName === undefined) return schema
    const mapping = Object.fromEntries(valuesOf(propertyName).map((value, nth) => [value, anyOf[nth].$ref]))
    return { oneOf: anyOf, discriminator: { propertyName, mapping }, ...rest }
  }

  const place = (schema: Part): Part => {
    const { properties, items, anyOf, additionalProperties, ...rest } = schema
    const { title, ...whole } = discriminate(
      tidy({
        ...rest,
        ...(isPart(properties) && { properties: mapPart(properties, place) }),
        ...(additionalProperties !== undefined && {
          additionalProperties: isPart(additionalProperties) ? place(additionalProperties) : additionalProperties,
        }),
        ...(isPart(items) && { items: place(items) }),
        ...(Array.isArray(anyOf) && { anyOf: anyOf.map(place) }),
      }),
    )
    return typeof title === 'string' ? nameIt(title, whole) : whole
  }

  return {
    all: () => Object.fromEntries([...named].sort(([one], [other]) => (one < other ? -1 : 1))),
    place,
  }
}
