/**
 * For development only, not part of the example. Shows the messages of the development outbox on a phone, and fills in
 * the demo user. It adds itself to the page and reads endpoints that do not exist in production.
 */

interface Message {
  to: string
  channel: 'sms' | 'voice' | 'whatsapp'
  body: string
  sent_at: string
}

interface Development {
  /** Whether this server has a development outbox. */
  outbox: boolean
  demo_user?: { username: string; password: string }
}

/** Time between two requests for the messages, in ms. */
const POLL_INTERVAL_MS = 1_000
const MOST_SHOWN = 10

const NAMES = { sms: 'Text message', voice: 'Call', whatsapp: 'WhatsApp' }

const make = (tag: string, className: string, ...content: (string | Node)[]): HTMLElement => {
  const made = document.createElement(tag)
  made.className = className
  made.append(...content)
  return made
}

const timeOf = (date: Date) => date.toLocaleTimeString('en', { hour: '2-digit', minute: '2-digit', hour12: false })

const makeButton = (text: string, run: () => void): HTMLElement => {
  const button = make('button', 'small', text)
  button.setAttribute('type', 'button')
  button.addEventListener('click', run)
  return button
}

/** Returns the text of a message with its code emphasized, as phones show it. */
const wordsOf = ({ body }: Message): HTMLElement => {
  const parts = body.split(/(\b\d{6,8}\b|\d(?:, \d){5,7})/)
  return make('p', 'words', ...parts.map((part, nth) => (nth % 2 ? make('strong', '', part) : part)))
}

const bubbleOf = (message: Message): HTMLElement => {
  const { channel, to, sent_at: sentAt, body } = message
  const copy = makeButton('Copy', () => {
    void navigator.clipboard.writeText(body).then(() => {
      copy.textContent = 'Copied'
    })
  })
  return make(
    'article',
    `bubble ${channel}`,
    make('p', 'about', `${NAMES[channel]} to ${to}, ${timeOf(new Date(sentAt))}`),
    wordsOf(message),
    ...(channel === 'voice' ? [] : [copy]),
  )
}

const fillIn = (id: string, value: string) => {
  const field = document.getElementById(id)
  if (field instanceof HTMLInputElement) field.value = value
}

const userCard = ({ username, password }: { username: string; password: string }): HTMLElement =>
  make(
    'div',
    'user',
    make('p', '', make('strong', '', username), ' with the password ', make('strong', '', password)),
    makeButton('Fill in', () => {
      fillIn('username', username)
      fillIn('password', password)
      document.getElementById('log-in')?.focus()
    }),
  )

/** Shows new messages until the user leaves the page. */
const watch = async (list: HTMLElement, clock: HTMLElement) => {
  let newest = ''
  for (;;) {
    clock.textContent = timeOf(new Date())
    const response = document.hidden ? undefined : await fetch('../dev/outbox').catch(() => undefined)
    if (response?.ok) {
      const { messages } = (await response.json()) as { messages: Message[] }
      const shown = messages.slice(0, MOST_SHOWN).reverse()
      const latest = JSON.stringify(shown.at(-1))
      if (shown.length > 0 && latest !== newest) {
        list.replaceChildren(...shown.map(bubbleOf))
        list.scrollTop = list.scrollHeight
        newest = latest
      }
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS))
  }
}

const start = async () => {
  const { outbox, demo_user: user } = (await (await fetch('development.json')).json()) as Development
  if (!outbox && !user) return
  const style = document.createElement('link')
  style.rel = 'stylesheet'
  style.href = 'phone.css'
  document.head.append(style)

  const panel = make('aside', 'development')
  panel.setAttribute('aria-label', 'For development')
  if (outbox) {
    const clock = make('p', 'clock')
    const list = make('div', 'messages', make('p', 'empty', 'No messages yet. Sign in to receive a code here.'))
    list.setAttribute('role', 'log')
    list.setAttribute('aria-label', 'Messages')
    list.tabIndex = 0
    panel.append(make('div', 'phone', clock, make('h2', '', 'Messages'), list))
    void watch(list, clock)
  }
  if (user) panel.append(userCard(user))
  document.body.append(panel)
}

void start()
