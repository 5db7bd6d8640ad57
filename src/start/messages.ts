/** The parts of a development server that a person can try. */
export interface WelcomeFacts {
  demoUser?: { username: string; password: string } | undefined
  /** Serves the demo pages. */
  hasDemo: boolean
  /** The place where the code can be read: the console, `/dev/outbox`, or, if undefined, the phone. */
  codesAt: 'console' | 'outbox' | undefined
}

/**
 * Returns the first lines of a development server: its addresses, and how to log in as the demo user, if there is one.
 */
export const welcome = (address: string, { demoUser: demo, hasDemo, codesAt }: WelcomeFacts): string => {
  const place = { console: 'to this console', outbox: `to ${address}/dev/outbox`, phone: 'to the phone' }[
    codesAt ?? 'phone'
  ]
  const body = JSON.stringify({ username: demo?.username, password: demo?.password })
  return [
    '',
    `  Doorcode listens on  ${address}`,
    `  API documentation    ${address}/docs`,
    ...(hasDemo ? [`  Demo in the browser  ${address}/demo`] : []),
    '  Development mode: codes may be shown here. Set NODE_ENV=production for production.',
    ...(demo
      ? [
          '',
          `  Log in as "${demo.username}" with the password "${demo.password}"; the code is sent ${place}:`,
          '',
          `  curl -s ${address}/login -H 'content-type: application/json' -d '${body}'`,
          `  curl -s ${address}/verify -H 'content-type: application/json' -d '{"pending_token":"…","code":"…"}'`,
        ]
      : []),
    '',
  ].join('\n')
}

type SocketError = NodeJS.ErrnoException & { port?: number; address?: string; hostname?: string }

/** Explains why the server did not start: one line for what the operator can fix, a stack only for a bug. */
export const explainFailure = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const { code, port, path, address, hostname } = error as SocketError
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `This machine has no address ${address ?? hostname} to listen on. Set HOST (ADMIN_HOST for the admin API) to an address of this machine. For example: HOST=0.0.0.0`
  if (code === 'EACCES' && port !== undefined)
    return `This user may not listen on port ${port}. Set PORT (ADMIN_PORT for the admin API) to 1024 or more. For example: PORT=3000`
  if (code === 'EADDRINUSE')
    return `Port ${port} is in use. Set PORT (ADMIN_PORT for the admin API) to a free one. For example: PORT=${(port ?? 3000) + 1}`
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return path
      ? `${path} cannot be read or written: ${code}. Check its owner and mode, or set DATA_DIR.`
      : `Not permitted: ${error.message}`
  }
  if (code === 'ENOSPC') return `The disk is full${path ? `: ${path} cannot be written` : ''}.`
  if (code === 'ENOTDIR' || code === 'EEXIST')
    return `${path ?? 'DATA_DIR'} is not a folder. Set DATA_DIR to a folder. For example: DATA_DIR=.data`
  return error.name === 'Error' || error.name === 'SettingsError' ? error.message : (error.stack ?? error.message)
}
