/** Checks the shipped compose file, image and instructions with the rules of the doctor. */
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { checkMode, isHandedIn } from '../../src/doctor/file-modes.ts'
import { checkProxy } from '../../src/doctor/proxy-check.ts'

const compose = readFileSync('docker-compose.yml', 'utf8')
const dockerfile = readFileSync('Dockerfile', 'utf8')

/** /proc/self/mountinfo with the secrets of compose, of Swarm or Podman, and without secrets. */
const COMPOSE = '185 166 254:0 /srv/doorcode/.data/secrets/secret /run/secrets/secret ro,relatime - ext4 /dev/vda rw'
const SWARM = '300 280 0:52 / /run/secrets rw,relatime - tmpfs tmpfs rw'
const MACHINE =
  '25 1 254:0 / / rw - ext4 /dev/vda rw\n26 25 0:23 / /run rw - tmpfs tmpfs rw\n27 25 0:24 / /home rw - ext4 x rw'

t.test('warns about readable secret files except for secrets that are mounted into a container', async (t) => {
  const levelOf = (path: string, mounts: string, mode = 0o644) =>
    checkMode('SECRET_FILE', path, { mode, isHandedIn: isHandedIn(path, mounts) }).level
  t.equal(levelOf('/run/secrets/secret', COMPOSE), 'ok')
  t.equal(
    levelOf('/etc/doorcode/secret', '1 2 0:1 /secret /etc/doorcode/secret ro - ext4 /dev/vda rw'),
    'ok',
    'a mount at any path',
  )
  t.equal(levelOf('/run/secrets/secret', SWARM, 0o444), 'ok')
  t.equal(levelOf('/run/secrets/secret', COMPOSE, 0o666), 'fault', 'a secret that other users can write')
  t.equal(levelOf('/run/secrets/other', COMPOSE), 'warning')
  for (const path of ['/run/secrets/secret', '/home/ada/secret', '/srv/secret'])
    t.equal(levelOf(path, MACHINE), 'warning', path)
  t.equal(levelOf('/run/secrets/secret', ''), 'warning', 'without a table of mounts')
})

t.test('connects the service with its own database role instead of the superuser', async (t) => {
  t.notMatch(compose, /POSTGRES_(?:USER|DB):/)
  const [, file = ''] = /- \.\/(\S+):\/docker-entrypoint-initdb\.d\//.exec(compose) ?? []
  const sql = readFileSync(file, 'utf8')
  t.match(sql, /^create role doorcode login password :'password';$/m)
  t.match(sql, /^create database doorcode owner doorcode;$/m)
  t.notMatch(sql, /superuser|createrole|createdb/i)
  const [, pattern = '', path = ''] = /sed 's\|(.*)\|\\1\|' (\S+)`/.exec(sql) ?? []
  const [, url = ''] =
    /echo "(postgres:\S+?)"? > \.data\/secrets\/database-url/.exec(compose.replace(/\$\(.*?\)/g, 'pass-word')) ?? []
  t.equal(new RegExp(pattern.replaceAll('\\(', '(').replaceAll('\\)', ')')).exec(url)?.[1], 'pass-word')
  t.match(compose, `secrets: [postgres-password, ${path.split('/').at(-1)}]`)
})

t.test('has the command on the path of the image, and all copied files in .dockerignore', async (t) => {
  t.match(dockerfile, /^RUN ln -s \/app\/bin\/doorcode\.js \/usr\/local\/bin\/doorcode$/m)
  const letThrough = readFileSync('.dockerignore', 'utf8').split('\n')
  for (const [, sources = ''] of dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm))
    for (const source of sources.split(' ')) {
      t.ok(existsSync(source), source)
      t.ok(letThrough.includes(`!${source}`), source)
    }
  for (const text of [compose, readFileSync('docs/going-to-production.md', 'utf8')])
    t.notMatch(text, /src\/cli\/doorcode\.ts/)
})

t.test('names the proxy of the instructions in .env.example', async (t) => {
  const [, ranges = ''] = /^TRUST_PROXY=(.*)$/m.exec(readFileSync('.env.example', 'utf8')) ?? []
  const findings = checkProxy({ ranges: ranges.split(','), issuer: 'https://auth.example.com', seen: undefined })
  t.strictSame(
    findings.filter(({ level }) => level !== 'ok'),
    [],
  )
})
