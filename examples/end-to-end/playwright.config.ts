import { existsSync } from 'node:fs'
import { defineConfig } from '@playwright/test'

const { CHROMIUM_PATH: given, CI } = process.env
const DEBIAN = '/usr/bin/chromium'
// Without either, Playwright uses the browser that it has installed.
const executablePath = given || (existsSync(DEBIAN) ? DEBIAN : undefined)

export default defineConfig({
  testDir: 'test',
  forbidOnly: Boolean(CI),
  reporter: 'list',
  use: {
    launchOptions: {
      ...(executablePath && { executablePath }),
      // The sandbox of Chromium does not run as root.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    },
  },
})
