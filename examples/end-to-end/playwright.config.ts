import { existsSync } from 'node:fs'
import { defineConfig } from '@playwright/test'

const { CHROMIUM_PATH: given, CI } = process.env
const DEBIAN = '/usr/bin/chromium'
// Without either Playwright takes the one that it has installed.
const executablePath = given || (existsSync(DEBIAN) ? DEBIAN : undefined)

export default defineConfig({
  testDir: 'test',
  forbidOnly: Boolean(CI),
  reporter: 'list',
  use: {
    launchOptions: {
      ...(executablePath && { executablePath }),
      // Its sandbox refuses root.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    },
  },
})
