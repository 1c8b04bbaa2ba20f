// A real headless Chromium: nothing is downloaded by it, and nothing may leave the host.
import { createRequire } from 'node:module'
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const require = createRequire(path.join(here, '../../web/package.json'))
const { chromium } = require('playwright-core')
export const AXE = require.resolve('axe-core/axe.min.js')
export const SHOTS = process.env.CARBIDE_SHOTS ?? path.join(here, '../../target/web')
mkdirSync(SHOTS, { recursive: true })

export async function open(base) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
  const watched = { errors: [], foreign: [] }
  /** Somebody who is logged on, in a browser of their own; `at` is another address of the same server. */
  async function person(user, password, at = base) {
    const context = await browser.newContext({ viewport: { width: 1360, height: 860 }, locale: 'en-GB' })
    const page = await context.newPage()
    page.on('console', message => {
      // A browser writes each refused request into its console; those are wanted here.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) watched.errors.push(message.text())
    })
    page.on('pageerror', error => watched.errors.push(String(error)))
    page.on('request', request => {
      const url = request.url()
      if (!url.startsWith('data:') && !url.startsWith('blob:') && new URL(url).origin !== new URL(at).origin) watched.foreign.push(url)
    })
    await page.goto(at)
    await logOn(page, user, password)
    return page
  }
  return { browser, watched, person }
}

export async function logOn(page, user, password) {
  await page.locator('ui5-input#user').waitFor()
  await page.locator('ui5-input#user input').fill(user)
  await page.locator('ui5-input#password input').fill(password)
  await page.locator('ui5-button[type=Submit]').click()
  await page.locator('.frame').waitFor()
}

export async function go(page, hash) {
  await page.evaluate(to => { window.location.hash = to }, hash)
}

export const shot = (page, name, fullPage = false) => page.screenshot({ path: path.join(SHOTS, `${name}.png`), fullPage })

/** WCAG 2.1 A and AA by axe; what it finds, in words. */
export async function axe(page) {
  // The page's own policy lets no other script in: the browser puts it there.
  await page.evaluate(readFileSync(AXE, 'utf8'))
  return page.evaluate(async () => {
    const found = await window.axe.run(document, { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] } })
    return found.violations.map(one => `${one.id}: ${one.help}; ${one.nodes.slice(0, 3).map(node => node.target.join(' ')).join(' | ')}`)
  })
}

export function must(condition, text) {
  if (!condition) throw new Error(text)
}
