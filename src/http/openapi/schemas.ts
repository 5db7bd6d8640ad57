/** A part of an OpenAPI document: any JSON object. */
export type Part = Readonly<Record<string, unknown>>

/** Whether a value is a JSON object. */
export const isPart = (value: unknown): value is Part =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Returns a name in PascalCase: `invalid_code` and `Retry-After` become `InvalidCode` and `RetryAfter`. */
export const pascalCase = (name: string): string =>
  name.replace(/(?:^|[-_])([a-z])/gi, (_match, letter: string) => letter.toUpperCase())

/** The same members, each changed; what is no object stays as it is. */
export const mapPart = (part: unknown, change: (value: Part, name: string) => unknown): Part =>
  Object.fromEntries(
    Object.entries((part ?? {}) as Part).map(([name, value]) => [name, isPart(value) ? change(value, name) : value]),
  )

/** The schema of an answer, to which a later version may add members: whoever reads it must not refuse them. */
export const openToMore = (schema: Part): Part => {
  const { additionalProperties, ...rest } = mapPart(schema, openToMore)
  return {
    ...rest,
    ...(additionalProperties !== undefined && additionalProperties !== false && { additionalProperties }),
    ...(Array.isArray(rest['anyOf']) && { anyOf: rest['anyOf'].map(openToMore) }),
  }
}

/** Keywords that say something of a schema and demand nothing. */
const ANNOTATIONS = new Set(['description', 'examples', 'deprecated', 'externalDocs'])

const isNull = (schema: Part) => schema['type'] === 'null'

/** What TypeBox writes in the most general way, as generators of code understand it best. */
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

/** The schemas of a document by their names, and what puts a schema among them. */
export interface SchemaNames {
  /** The named schemas, in the order of their names. */
  all(): Part
  /**
   * The schema as it is to stand where it is used: with a reference for each part that has a `title`, which is its name.
   * What the use says in other words than the first one stays beside the reference. Throws when two schemas that differ
   * in what they demand have one name.
   */
  place(schema: Part): Part
}

/** Collects named schemas. */
export const createSchemaNames = (): SchemaNames => {
  const named = new Map<string, Part>()

  const nameIt = (title: string, schema: Part): Part => {
    const known = named.get(title) ?? schema
    if (!isSame(without(known, ANNOTATIONS), without(schema, ANNOTATIONS))) {
      throw new Error(`two schemas are called ${title}`)
    }
    // What the first use did not say at all is said for all of them.
    named.set(title, { ...schema, ...known })
    const ownWords = Object.entries(schema).filter(
      ([name, value]) => ANNOTATIONS.has(name) && name in known && !isSame(value, known[name]),
    )
    return { $ref: REF + title, ...Object.fromEntries(ownWords) }
  }

  /** Says which of several named objects it is by the member that differs in all of them. */
  const tellApart = (schema: Part): Part => {
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
    const { title, ...whole } = tellApart(
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
