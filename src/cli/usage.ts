import { PUBLISH_DELAY, SECRET_DELAY } from '../keys/rotation.ts'

/** The text of `help`. */
export const USAGE = `Usage: npx doorcode <command>

  user add <name> --phone <number> [--locale <language>] [--password-stdin]
                                add a user; prompts for the password, or reads one line of stdin
  user list                     show all users
  user set-password <name> [--password-stdin]
                                change the password, and end all sessions and devices
  user set-phone <name> --phone <number>
                                change the number, reset the factor, and end all sessions and devices
  user sign-out <name>          end all sessions, devices and pending logins of the user
  user disable <name>           end all sessions and pending logins, and prevent new logins
  user enable <name>            allow logins again
  user reset-factor <name>      clear failures, lock and disablement of the second factor, and end pending
                                logins
  sms show <challenge or number>
                                show the status of sent codes
  sms test <number> [--channel sms|voice|whatsapp] [--dry-run]
                                send a code through every provider in turn, or show the requests
  guard list                    show blocks, and the use of the budgets today
  guard block <target> [--for 12h]
                                send no messages to a country (US) or a prefix (+1202555)
  guard unblock <target>        remove a block, automatic or manual
  guard simulate [--sends 5000] [--seed 1] [--ledger [--from <date>] [--to <date>]]
                 [--attack burst|slow|poisoning|none] [--attacker-passes-checks]
                 [--set <rule.number=value>] [--budget <US=500>]
                                count what the guard would refuse of a generated day or of the ledger;
                                sends and changes nothing
  audit <name> [--limit 50]     show the audit trail of a user, latest event first
  admin-key new --name <name> --scopes <scope,scope> [--days 90]
                                create a key of the admin API; it is shown only once. Scopes: users:read,
                                users:write, sessions:read, sessions:write, audit:read
  admin-key list                show the keys without their values
  admin-key revoke <id>         revoke a key at once
  invite [--days 7] [--note <text>]
                                print an invite for POST /register, for one account
  import flask <file> [--table users] [--username <column>] [--password <column>] [--phone <column>]
                      [--country <US>] [--dry-run]
                                add the users of a Flask app's SQLite file and hash plaintext passwords;
                                --country applies to numbers without a country code
  doctor [--strict] [--json]    check a production setup
  migrate [--strict]            update the database schema; --strict fails on the schema of a newer version
  keys new [--file <path>] [--alg EdDSA|ES256]
                                create a file with a new signing key
  keys rotate [--file <path>] [--delay ${PUBLISH_DELAY}] [--alg EdDSA|ES256]
                                add a key that is published at once and signs after the delay (seconds)
  keys list [--file <path>]     show the active, next and former keys
  keys retire [<key>] [--file <path>] [--force]
                                remove former keys whose last token has expired; --force removes one at once
  secret new|rotate|list|retire [<id>] [--file <path>] [--delay ${SECRET_DELAY}] [--force]
                                manage the secrets in the file that SECRET_FILE names
  help                          show this help

The commands read the same settings as the server: DATABASE_URL, DATA_DIR, JWT_KEYS_FILE, SECRET_FILE,
JWT_ALGORITHM and NODE_ENV. "sms" also reads SECRET; "sms test" and "doctor" read all settings.
Without DATABASE_URL, outside production, they use the embedded database in DATA_DIR.
Put a name that starts with a hyphen last, after "--".
`
