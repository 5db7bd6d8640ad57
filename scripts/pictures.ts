/** Takes the README's pictures of the demo pages, with the Chromium of this machine. */
import { findChromium, launchChromium } from '../test/support/browser.ts'
import { controlsOf, enterCode } from '../test/support/demo-world.ts'
import { startDoorcode } from '../testing/start-doorcode.ts'

const executablePath = findChromium()
if (executablePath === undefined)
  throw new Error('Chromium was not found. Set its path, for example: CHROMIUM_PATH=/usr/bin/chromium')
await using api = await startDoorcode({ settings: { DEMO: 'true', RESEND_COOLDOWN: '30' } })
const ada = await api.user({ username: 'ada' })
const browser = await launchChromium(executablePath)
try {
  const page = await browser.newPage({ viewport: { width: 912, height: 688 }, reducedMotion: 'reduce' })
  const take = async (name: string) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: `docs/pictures/${name}-${colorScheme}.png` })
    }
  }
  await page.goto(`${api.url}/demo`)
  const { username, password, signIn, latest, code } = controlsOf(page)
  await page.getByRole('log').waitFor()
  await username.fill(ada.username)
  await password.fill(ada.password)
  await take('sign-in')
  await signIn.click()
  await latest.waitFor()
  const received = await api.waitForCode(ada.phone)
  await code.pressSequentially(received.code.slice(0, 4))
  await take('code')
  await enterCode(page, received.code)
  await page.getByText('You are signed in as').waitFor()
  await page.mouse.move(0, 0)
  await take('welcome')
} finally {
  await browser.close()
}
