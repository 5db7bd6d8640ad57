import { isPart, mapPart, type Part } from './schemas.ts'

/** One call of an operation, with values from its examples. */
interface Call {
  method: string
  url: string
  /** Name and value. Undefined stands for a new random UUID in each call. */
  headers: [name: string, value: string | undefined][]
  body: Part | undefined
  hasAnswer: boolean
}

const BODY_TYPE: Call['headers'] = [['Content-Type', 'application/json']]

const indented = (lines: string[], by: string) => lines.map((line) => `${by}${line}\n`).join('')

const quoted = (text: string) => JSON.stringify(text)

const curl = ({ method, url, headers, body }: Call): string => {
  const inQuotes = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
  const lines = [
    `curl ${method === 'GET' || body ? '' : `-X ${method} `}${inQuotes(url)}`,
    ...headers.map(([name, value]) =>
      value === undefined ? `-H "${name}: $(uuidgen)"` : `-H ${inQuotes(`${name}: ${value}`)}`,
    ),
    ...(body ? [`-d ${inQuotes(JSON.stringify(body))}`] : []),
  ]
  return lines.join(' \\\n  ')
}

const javascript = ({ method, url, headers, body, hasAnswer }: Call): string => {
  const literal = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const literalOf = (value: unknown) => (typeof value === 'string' ? literal(value) : JSON.stringify(value))
  const headerLines = headers.map(
    ([name, value]) =>
      `${/^\w+$/.test(name) ? name : literal(name)}: ${value === undefined ? 'crypto.randomUUID()' : literal(value)},`,
  )
  const bodyLines = Object.entries(body ?? {}).map(([name, value]) => `${name}: ${literalOf(value)},`)
  const options = [
    ...(method === 'GET' ? [] : [`  method: ${literal(method)},\n`]),
    ...(headers.length > 0 ? [`  headers: {\n${indented(headerLines, '    ')}  },\n`] : []),
    ...(body ? [`  body: JSON.stringify({\n${indented(bodyLines, '    ')}  }),\n`] : []),
  ].join('')
  return [
    `const response = await fetch(${literal(url)}${options && `, {\n${options}}`})`,
    ...(hasAnswer
      ? [
          'const answer = await response.json()',
          'if (!response.ok) throw new Error(answer.code) // in an app, switch on the code',
          'console.log(answer)',
        ]
      : ['if (!response.ok) throw new Error((await response.json()).code) // in an app, switch on the code']),
  ].join('\n')
}

const python = ({ method, url, headers, body, hasAnswer }: Call): string => {
  const literalOf = (value: unknown) =>
    typeof value === 'boolean' ? (value ? 'True' : 'False') : JSON.stringify(value)
  const headerLines = headers.map(
    ([name, value]) => `${quoted(name)}: ${value === undefined ? 'str(uuid.uuid4())' : quoted(value)},`,
  )
  const bodyLines = Object.entries(body ?? {}).map(([name, value]) => `${quoted(name)}: ${literalOf(value)},`)
  return [
    'import json',
    ...(headers.some(([, value]) => value === undefined) ? ['import uuid'] : []),
    'from urllib.error import HTTPError',
    'from urllib.request import Request, urlopen',
    '',
    'request = Request(',
    `    ${quoted(url)},`,
    `    method=${quoted(method)},`,
    ...(headers.length > 0 ? [`    headers={\n${indented(headerLines, '        ')}    },`] : []),
    ...(body ? [`    data=json.dumps({\n${indented(bodyLines, '        ')}    }).encode(),`] : []),
    ')',
    'try:',
    '    with urlopen(request) as response:',
    hasAnswer ? '        print(json.load(response))' : '        print(response.status)',
    'except HTTPError as error:',
    '    raise SystemExit(json.load(error)["code"])  # in an app, branch on the code',
  ].join('\n')
}

const swift = ({ method, url, headers, body }: Call): string => {
  const bodyLines = Object.entries(body ?? {}).map(([name, value]) => `${quoted(name)}: ${JSON.stringify(value)},`)
  return [
    'import Foundation',
    '',
    `var request = URLRequest(url: URL(string: ${quoted(url)})!)`,
    `request.httpMethod = ${quoted(method)}`,
    ...headers.map(
      ([name, value]) =>
        `request.setValue(${value === undefined ? 'UUID().uuidString' : quoted(value)}, forHTTPHeaderField: ${quoted(name)})`,
    ),
    ...(body
      ? [
          `request.httpBody = try JSONSerialization.data(withJSONObject: [\n${indented(bodyLines, '    ')}] as [String: Any])`,
        ]
      : []),
    'let (answer, response) = try await URLSession.shared.data(for: request)',
    'let status = (response as! HTTPURLResponse).statusCode',
    'print(status, String(decoding: answer, as: UTF8.self)) // from status 400 a problem: switch on its code',
  ].join('\n')
}

const kotlin = ({ method, url, headers, body }: Call): string => {
  const literal = (text: string) => quoted(text).replaceAll('$', '\\$')
  return [
    'import java.net.HttpURLConnection',
    'import java.net.URI',
    ...(headers.some(([, value]) => value === undefined) ? ['import java.util.UUID'] : []),
    '',
    'fun main() {',
    `    val connection = URI(${literal(url)}).toURL().openConnection() as HttpURLConnection`,
    `    connection.requestMethod = ${literal(method)}`,
    ...headers.map(
      ([name, value]) =>
        `    connection.setRequestProperty(${literal(name)}, ${value === undefined ? 'UUID.randomUUID().toString()' : literal(value)})`,
    ),
    ...(body
      ? [
          '    connection.doOutput = true',
          `    connection.outputStream.use { it.write("""${JSON.stringify(body).replaceAll('$', () => `\${'$'}`)}""".toByteArray()) }`,
        ]
      : []),
    '    val status = connection.responseCode',
    '    val answer = (if (status < 400) connection.inputStream else connection.errorStream)?.bufferedReader()?.readText()',
    '    println("$status $answer") // from status 400 a problem: branch on its code',
    '}',
  ].join('\n')
}

/** The languages of the code samples. */
const LANGUAGES = [
  { lang: 'Shell', label: 'curl', write: curl },
  { lang: 'JavaScript', label: 'JavaScript', write: javascript },
  { lang: 'Swift', label: 'Swift', write: swift },
  { lang: 'Kotlin', label: 'Kotlin', write: kotlin },
  { lang: 'Python', label: 'Python', write: python },
]

/** Returns the placeholder for a token in a header: `ACCESS_TOKEN` for `accessToken`. */
const placeholder = (scheme: string) => scheme.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

interface Operation {
  security?: Record<string, unknown>[]
  parameters?: { name: string; in: string; required: boolean; example?: unknown }[]
  requestBody?: { content: Record<string, { example?: Part }> }
  responses: Record<string, { content?: Part }>
}

const callOf = (server: string, path: string, method: string, operation: Operation): Call => {
  const { security = [], parameters = [], requestBody, responses } = operation
  const [scheme] = Object.keys(security[0] ?? {})
  const body = requestBody?.content['application/json']?.example
  const exampleOf = (name: string) =>
    encodeURIComponent(String(parameters.find((parameter) => parameter.name === name)?.example))
  const query = parameters
    .filter((parameter) => parameter.in === 'query' && parameter.required)
    .map(({ name }) => `${name}=${exampleOf(name)}`)
  return {
    method: method.toUpperCase(),
    url: `${server}${path.replace(/\{(\w+)\}/g, (_match, name: string) => exampleOf(name))}${query.length > 0 ? `?${query.join('&')}` : ''}`,
    headers: [
      ...(scheme === undefined ? [] : ([['Authorization', `Bearer ${placeholder(scheme)}`]] as Call['headers'])),
      ...(body ? BODY_TYPE : []),
      ...(parameters.some(({ name }) => name === 'idempotency-key')
        ? ([['Idempotency-Key', undefined]] as Call['headers'])
        : []),
    ],
    body,
    hasAnswer: Object.entries(responses).some(([status, { content }]) => Number(status) < 300 && content),
  }
}

/** Adds code samples in several languages to each operation of a document, as `x-codeSamples`. */
export const withCodeSamples = (document: Part): Part => {
  const [{ url: server }] = document['servers'] as [{ url: string }]
  return {
    ...document,
    paths: mapPart(document['paths'], (item, path) =>
      mapPart(item, (operation, method) => {
        const call = callOf(server, path, method, operation as unknown as Operation)
        const samples = LANGUAGES.map(({ lang, label, write }) => ({ lang, label, source: write(call) }))
        return isPart(operation['responses']) ? { ...operation, 'x-codeSamples': samples } : operation
      }),
    ),
  }
}
