/** An error of `pg`, of a socket or of TLS. */
type DatabaseFault = { code?: string; message: string }

/** The error that a problem or a failure of several addresses hides. */
const causeOf = (error: unknown): DatabaseFault => {
  if (error instanceof AggregateError) return causeOf(error.errors[0])
  const { cause } = error as { cause?: unknown }
  return cause === undefined ? (error as DatabaseFault) : causeOf(cause)
}

/** One kind of fault: what it means, and what an operator can do, with the setting that decides it. */
interface Explanation {
  code?: RegExp
  message?: RegExp
  means?: string
  todo: string
}

const CA = '?sslmode=verify-full&sslrootcert=/run/secrets/database-ca.pem'

/** The first whose code or message fits counts. */
const EXPLANATIONS: Explanation[] = [
  {
    message: /no pg_hba\.conf entry.*no encryption/,
    means: 'the database asks for TLS',
    todo: 'Add ?sslmode=verify-full to DATABASE_URL.',
  },
  {
    code: /^28/,
    means: 'the database refuses the name or the password in DATABASE_URL',
    todo: 'Correct them there; PGPASSWORD and password files are not read.',
  },
  { code: /^3D000$/, todo: 'Make it (createdb), or name another one in DATABASE_URL.' },
  {
    code: /^(?:DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|UNABLE_TO_)/,
    means: 'no authority that this machine trusts signed the certificate of the database',
    todo: `Name the CA in DATABASE_URL: ${CA}`,
  },
  {
    code: /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/,
    means: 'the certificate of the database at DATABASE_URL is not valid now',
    todo: 'Renew it, and check the clocks.',
  },
  {
    code: /^(?:ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/,
    means: 'the certificate of the database has another name',
    todo: 'Use a name that it has as the host in DATABASE_URL.',
  },
  {
    message: /^The server does not support SSL/,
    means: 'DATABASE_URL asks for TLS',
    todo: 'Set ssl=on in Postgres, or remove sslmode from DATABASE_URL.',
  },
  {
    code: /^EPROTO$|^ERR_(?:TLS|SSL|OSSL)_|^(?:CERT|CRL|ERROR_IN)_|^INVALID_|^PATH_LENGTH/,
    message: /^There was an error establishing an SSL/,
    means: 'TLS with the database fails',
    todo: 'Check sslmode and the certificates in DATABASE_URL.',
  },
  {
    code: /^E(?!RR_)[A-Z_]+$/,
    message: /^timeout e(?:xceeded|xpired)|due to connection timeout$|^Query read timeout/,
    means: 'nothing answers at DATABASE_URL',
    todo: 'Start Postgres, or correct the address.',
  },
  {
    message: /^Connection terminated|invalid response|^Received unexpected/i,
    means: 'what answers at DATABASE_URL does not speak as Postgres does',
    todo: 'Start Postgres there, or correct the address.',
  },
  {
    code: /^(?:26000|42P05)$/,
    message: /bind message supplies|unsupported startup parameter/,
    means: 'a pooler that shares connections between transactions answers at DATABASE_URL',
    todo: 'Name Postgres itself, or a pooler in session mode.',
  },
  {
    code: /^42501$/,
    means: 'the role in DATABASE_URL lacks a right',
    todo: 'Grant it; "npx doorcode doctor" lists the rights that are missing.',
  },
  {
    code: /^(?:42(?!601)|3F)/,
    means: 'the schema is not the one that this version needs',
    todo: 'Run "npx doorcode migrate". If the tables are in a schema of another name, add ?options=-c%20search_path=NAME to DATABASE_URL.',
  },
  {
    code: /^53300$/,
    means: 'Postgres has no connection left',
    todo: 'Raise max_connections, or lower DATABASE_POOL_SIZE.',
  },
  {
    code: /^(?:53|58)/,
    means: 'the machine of the database at DATABASE_URL lacks disk or memory',
    todo: 'Free some there; the log of Postgres says what.',
  },
  {
    code: /^57P/,
    means: 'the database at DATABASE_URL starts or stops',
    todo: 'Wait, or look into the log of Postgres.',
  },
  {
    code: /^(?:55P03|57014|25P0[34])$/,
    means: 'the database at DATABASE_URL is slow, or a row is locked',
    todo: 'Look for long transactions in pg_stat_activity.',
  },
  {
    code: /^P0001$/,
    means: 'a trigger in the database at DATABASE_URL refuses the statement',
    todo: 'Look for triggers that are not ours, such as on the table events.',
  },
  {
    code: /^25006$/,
    means: 'the database is read-only',
    todo: 'Name the primary in DATABASE_URL, or free space on its disk.',
  },
]

/** What is known of a database error: its own words as one line, what they mean, and what to do. Never has a password. */
export const explainFault = (error: unknown): { said: string; means?: string; todo?: string } => {
  const { code = '', message } = causeOf(error)
  const said = message.replace(/\.$/, '').replaceAll(/\s*\n\s*/g, ' ')
  const known = EXPLANATIONS.find((fault) => fault.code?.test(code) || fault.message?.test(message))
  return { said, ...(known?.means && { means: known.means }), ...(known && { todo: known.todo }) }
}

/** Returns the same as one line for the log. */
export const adviceFor = (error: unknown): string => {
  const { said, means, todo } = explainFault(error)
  if (todo === undefined) return said
  return `${means === undefined ? '' : `${means}: `}${said}. ${todo}`
}
