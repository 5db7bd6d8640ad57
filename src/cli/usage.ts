/** What the tool does, for whoever asks. */
export const USAGE = `Usage: npx doorcode <command>

  user add <name> --phone <number> [--locale <language>] [--password-stdin]
                                add a user; asks for the password, or reads one line of it
  user list                     show all users
  user disable <name>           end what the user had begun and let nobody log in as them
  user enable <name>            let the user log in again
  user reset-factor <name>      take failures, lock and disablement off the second factor
  sms show <challenge or number>
                                what became of the codes that were sent
  sms test <number> [--channel sms|voice|whatsapp] [--dry-run]
                                send a code through every company in turn, or show the requests
  migrate                       bring the database up to date
  keys new [--file <path>] [--alg EdDSA|ES256]
                                make a file with a new signing key
  help                          show this

The tool reads the same settings as the server: DATABASE_URL, DATA_DIR, JWT_KEYS_FILE, JWT_ALGORITHM, NODE_ENV;
"sms" reads SECRET too, and "sms test" all of them.
Without DATABASE_URL, and not in production, it works on the embedded database in DATA_DIR.
A name that starts with a hyphen goes last, after "--".
`
