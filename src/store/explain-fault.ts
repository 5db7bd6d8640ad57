/** An error of `pg`, a socket or TLS. */
type DatabaseFault = { code?: string; message: string }

/** Returns the root cause of a problem, or of a failure to connect to several addresses. */
const causeOf = (error: unknown): DatabaseFault => {
  if (error instanceof AggregateError) return causeOf(error.errors[0])
  const { cause } = error as { cause?: unknown }
  return cause === undefined ? (error as DatabaseFault) : causeOf(cause)
}

/** The explanation of one kind of fault, which is recognized by its code or its message. */
interface Explanation {
  code?: RegExp
  message?: RegExp
  /** The fault and its place; absent where the message says both. */
  means?: string
  /** An action for the operator, with the setting to change. */
  todo: string
}

const CA = '?sslmode=verify-full&sslrootcert=/run/secrets/database-ca.pem'

/** The known faults. The first one with a matching code or message applies. */
const EXPLANATIONS: Explanation[] = [
  {
    message: /no pg_hba\.conf entry.*no encryption/,
    means: 'the database at DATABASE_URL requires TLS',
    todo: 'Add ?sslmode=verify-full to DATABASE_URL.',
  },
  {
    code: /^28/,
    means: 'the database rejects the user name or the password in DATABASE_URL',
    todo: 'Correct DATABASE_URL; PGPASSWORD and password files are not read.',
  },
  { code: /^3D000$/, todo: 'Create it with createdb, or use another database in DATABASE_URL.' },
  {
    code: /^(?:DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|UNABLE_TO_)/,
    means: 'the certificate of the database is not signed by a CA that this machine trusts',
    todo: `Add the CA certificate to DATABASE_URL, for example: ${CA}`,
  },
  {
    code: /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/,
    means: 'the certificate of the database at DATABASE_URL has expired or is not valid yet',
    todo: 'Renew the certificate, and check the clocks of both machines.',
  },
  {
    code: /^(?:ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/,
    means: 'the certificate of the database is for another host name',
    todo: 'Use a host name of the certificate in DATABASE_URL.',
  },
  {
    message: /^The server does not support SSL/,
    means: 'DATABASE_URL requires TLS',
    todo: 'Set ssl=on in Postgres, or remove sslmode from DATABASE_URL.',
  },
  {
    code: /^EPROTO$|^ERR_(?:TLS|SSL|OSSL)_|^(?:CERT|CRL|ERROR_IN)_|^INVALID_|^PATH_LENGTH/,
    message: /^There was an error establishing an SSL/,
    means: 'the TLS connection to the database at DATABASE_URL fails',
    todo: 'Check sslmode and the certificates in DATABASE_URL.',
  },
  {
    code: /^E(?!RR_)[A-Z_]+$/,
    message: /^timeout e(?:xceeded|xpired)|due to connection timeout$|^Query read timeout/,
    means: 'no server answers at DATABASE_URL',
    todo: 'Start Postgres, or correct the address.',
  },
  {
    message: /^Connection terminated|invalid response|^Received unexpected/i,
    means: 'the server at DATABASE_URL does not answer in the Postgres protocol',
    todo: 'Start Postgres at this address, or correct the address.',
  },
  {
    code: /^(?:26000|42P05)$/,
    message: /bind message supplies|unsupported startup parameter/,
    means: 'the server at DATABASE_URL is a connection pooler in transaction mode',
    todo: 'Use the address of Postgres itself, or of a pooler in session mode.',
  },
  {
    code: /^42501$/,
    means: 'the role in DATABASE_URL lacks a right',
    todo: 'Grant it; "npx doorcode doctor" lists the missing rights.',
  },
  {
    code: /^(?:42(?!601)|3F)/,
    means: 'the schema of the database at DATABASE_URL does not match this version',
    todo: 'Run "npx doorcode migrate". If the tables are in a schema of another name, add ?options=-c%20search_path=NAME to DATABASE_URL.',
  },
  {
    code: /^53300$/,
    means: 'Postgres has no free connection',
    todo: 'Raise max_connections in Postgres, or lower DATABASE_POOL_SIZE.',
  },
  {
    code: /^(?:53|58)/,
    means: 'the database server at DATABASE_URL lacks disk space or memory',
    todo: 'Free disk space or memory on that server; the Postgres log has the details.',
  },
  {
    code: /^57P/,
    means: 'the database at DATABASE_URL is starting or stopping',
    todo: 'Wait, or read the Postgres log.',
  },
  {
    code: /^(?:55P03|57014|25P0[34])$/,
    means: 'the database at DATABASE_URL is slow, or a row is locked',
    todo: 'Look for long transactions in pg_stat_activity.',
  },
  {
    code: /^P0001$/,
    means: 'a trigger in the database at DATABASE_URL rejects the statement',
    todo: 'Look for triggers that Doorcode did not create, for example on the table events.',
  },
  {
    code: /^25006$/,
    means: 'the database at DATABASE_URL is read-only',
    todo: 'Use the address of the primary in DATABASE_URL, or free disk space on the server.',
  },
]

/**
 * Explains a database error: its message as one line (`said`), the fault and its place (`means`), and what to do (`todo`).
 * The result never contains a password.
 */
export const explainFault = (error: unknown): { said: string; means?: string; todo?: string } => {
  const { code = '', message } = causeOf(error)
  const said = message.replace(/\.$/, '').replaceAll(/\s*\n\s*/g, ' ')
  const known = EXPLANATIONS.find((fault) => fault.code?.test(code) || fault.message?.test(message))
  return { said, ...(known?.means && { means: known.means }), ...(known && { todo: known.todo }) }
}

/** Returns the explanation as one line for the log. */
export const adviceFor = (error: unknown): string => {
  const { said, means, todo } = explainFault(error)
  if (todo === undefined) return said
  return `${means === undefined ? '' : `${means}: `}${said}. ${todo}`
}
