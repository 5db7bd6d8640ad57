import { PUBLISH_DELAY, SECRET_DELAY } from '../keys/rotation.ts'

/** What the tool does, for whoever asks. */
export const USAGE = `Usage: npx doorcode <command>

  user add <name> --phone <number> [--locale <language>] [--password-stdin]
                                add a user; asks for the password, or reads one line of it
  user list                     show all users
  user set-password <name> [--password-stdin]
                                give the user another password, and end all sessions and devices
  user set-phone <name> --phone <number>
                                give the user another number and a fresh factor, and end the same
  user sign-out <name>          end all sessions, devices and pending logins of the user
  user disable <name>           end what the user had begun and let nobody log in as them
  user enable <name>            let the user log in again
  user reset-factor <name>      take failures, lock and disablement off the second factor, and end what
                                the user had begun
  sms show <challenge or number>
                                what became of the codes that were sent
  sms test <number> [--channel sms|voice|whatsapp] [--dry-run]
                                send a code through every company in turn, or show the requests
  guard list                    show what is blocked, and what today has taken from its budgets
  guard block <target> [--for 12h]
                                send nothing to a country (US) or to numbers that begin so (+1202555)
  guard unblock <target>        take a block off, whoever made it
  guard simulate [--sends 5000] [--seed 1] [--ledger [--from <date>] [--to <date>]]
                 [--attack burst|slow|poisoning|none] [--attacker-passes-checks]
                 [--set <rule.number=value>] [--budget <US=500>]
                                count what the guard would refuse with these settings, of a generated day
                                or of the ledger; nothing is sent and nothing changed
  audit <name> [--limit 50]     show what was decided about a user, the latest first
  admin-key new --name <name> --scopes <scope,scope> [--days 90]
                                make a key of the admin API, for users:read, users:write, sessions:read,
                                sessions:write or audit:read; it is shown this once
  admin-key list                show the keys, without themselves
  admin-key revoke <id>         end a key at once
  invite [--days 7] [--note <text>]
                                print an invite for POST /register, for one account
  import flask <file> [--table users] [--username <column>] [--password <column>] [--phone <column>]
                      [--country <US>] [--dry-run]
                                add the users of a Flask app's SQLite file, their clear passwords hashed;
                                numbers without a country code are of --country
  doctor [--strict] [--json]    look at all that production needs, and say what is wrong
  migrate [--strict]            bring the database up to date; --strict fails where a newer version has changed it
  keys new [--file <path>] [--alg EdDSA|ES256]
                                make a file with a new signing key
  keys rotate [--file <path>] [--delay ${PUBLISH_DELAY}] [--alg EdDSA|ES256]
                                add a key that is published at once and signs after the delay (seconds)
  keys list [--file <path>]     show which key signs, which comes next, and which may go
  keys retire [<key>] [--file <path>] [--force]
                                remove former keys whose last token has expired; --force removes one at once
  secret new|rotate|list|retire [<id>] [--file <path>] [--delay ${SECRET_DELAY}] [--force]
                                the same for the file that SECRET_FILE names
  help                          show this

The tool reads the same settings as the server: DATABASE_URL, DATA_DIR, JWT_KEYS_FILE, SECRET_FILE,
JWT_ALGORITHM, NODE_ENV;
"sms" reads SECRET too, "sms test" and "doctor" all of them.
Without DATABASE_URL, and not in production, it works on the embedded database in DATA_DIR.
A name that starts with a hyphen goes last, after "--".
`
