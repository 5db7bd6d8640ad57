/**
 * A plug-in of swagger-ui. It copies the tokens of each response to the operations that need them, so that users can try
 * the whole login. It also shows the code samples of the document.
 */
window.doorcodeTryIt = () => {
  /** Members of responses, and the security schemes that they authorize. */
  const SCHEMES = { pending_token: 'pendingToken', access_token: 'accessToken' }

  /** Members of responses that operations take in their bodies under the same name. */
  const IN_BODIES = ['pending_token', 'refresh_token']

  const parse = (text) => {
    try {
      return JSON.parse(text)
    } catch {
      return undefined
    }
  }

  const authorize = ({ authActions, specSelectors }, name, value) => {
    const schema = specSelectors.securityDefinitions()?.get(name)
    if (schema) authActions.authorizeWithPersistOption({ [name]: { name, schema, value } })
  }

  const fillBodies = ({ oas3Actions, oas3Selectors, specSelectors }, answer) => {
    const { paths } = specSelectors.specJson().toJS()
    for (const [path, item] of Object.entries(paths)) {
      for (const [method, { requestBody }] of Object.entries(item)) {
        const example = requestBody?.content['application/json']?.example ?? {}
        const carried = IN_BODIES.filter((name) => name in example && name in answer)
        if (carried.length === 0) continue
        const before = parse(oas3Selectors.requestBodyValue(path, method)) ?? example
        const body = { ...before, ...Object.fromEntries(carried.map((name) => [name, answer[name]])) }
        oas3Actions.setRequestBodyValue({ value: JSON.stringify(body, null, 2), pathMethod: [path, method] })
        // Without this flag, opening the operation would restore the example.
        oas3Actions.setRetainRequestBodyValueFlag({ value: true, pathMethod: [path, method] })
      }
    }
  }

  const carry = (system, { ok, text }) => {
    const answer = parse(text)
    if (!ok || typeof answer !== 'object' || answer === null) return
    for (const [member, scheme] of Object.entries(SCHEMES)) {
      if (member in answer) authorize(system, scheme, answer[member])
    }
    fillBodies(system, answer)
  }

  /** The language that was chosen last. It is the default for operations that are opened later. */
  let chosen = 'curl'

  const samplesOf = ({ React }) => {
    const h = React.createElement
    return ({ samples }) => {
      const [label, choose] = React.useState(chosen)
      const pick = (next) => {
        chosen = next
        choose(next)
      }
      const { source } = samples.find((sample) => sample.label === label) ?? samples[0]
      const buttons = samples.map((sample) =>
        h(
          'button',
          {
            key: sample.label,
            type: 'button',
            'aria-pressed': sample.label === label,
            onClick: () => pick(sample.label),
          },
          sample.label,
        ),
      )
      return h(
        'section',
        { className: 'code-samples', 'aria-label': 'Code samples' },
        h('div', { role: 'group', 'aria-label': 'Language' }, buttons),
        h('pre', { tabIndex: 0 }, h('code', null, source)),
      )
    }
  }

  return {
    statePlugins: {
      spec: {
        wrapActions: {
          setResponse: (original, system) => (path, method, response) => {
            carry(system, response)
            return original(path, method, response)
          },
        },
      },
    },
    wrapComponents: {
      responses: (Original, system) => {
        const h = system.React.createElement
        const Samples = samplesOf(system)
        return (props) => {
          const samples = system.specSelectors.specJson().getIn(['paths', props.path, props.method, 'x-codeSamples'])
          return h(system.React.Fragment, null, samples && h(Samples, { samples: samples.toJS() }), h(Original, props))
        }
      },
    },
  }
}
