// The page with 10,000 planned orders: how soon there is something to see, and how long each touch takes.
// The orders are put into the sandbox SAP, read by the real binary, and looked at in a real Chromium.
//   node tests/web/ten_thousand.mjs target/debug/carbide
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { demo } from './demo.mjs'
import { go, must, open, shot } from './browser.mjs'

const ORDERS = 10_000
const FIRST_CONTENT_MS = 1500
const TOUCH_MS = 100

const running = await demo(process.argv[2] ?? 'target/debug/carbide')
const { folder, url, password, sandbox } = running
const { browser, watched, person } = await open(url)
let failed = 0
function figure(name, ms, most) {
  const well = ms <= most
  if (!well) failed += 1
  console.log(`${well ? 'ok' : 'FAILED'} ${name}: ${Math.round(ms)} ms (at most ${most} ms)`)
}

/** Enters orders of October in SAP, as its own people would: by the service for planned orders. */
async function fill() {
  const service = `${sandbox}/sap/opu/odata/sap/API_PLANNED_ORDERS`
  const authorization = `Basic ${btoa(`CARBIDE:${readFileSync(path.join(folder, 'secrets/sap'), 'utf8').trim()}`)}`
  const asked = await fetch(`${service}/A_PlannedOrder?$top=1&$format=json`, { headers: { authorization, 'x-csrf-token': 'Fetch' } })
  must(asked.ok, `the sandbox says ${asked.status}`)
  const headers = { authorization, 'x-csrf-token': asked.headers.get('x-csrf-token'), cookie: asked.headers.getSetCookie().map(one => one.split(';')[0]).join('; '), 'content-type': 'application/json', accept: 'application/json' }
  const materials = ['REBAR-16', 'REBAR-25', 'STRIP-3', 'STRIP-6']
  let next = 0
  const enter = async () => {
    while (next < ORDERS) {
      const at = next
      next += 1
      const day = `/Date(${Date.UTC(2018, 9, 1 + (at % 28))})/`
      const order = { Material: materials[at % 4], ProductionPlant: '1010', ProductionVersion: '0001', TotalQuantity: `${1 + (at % 9)}.${String(at % 1000).padStart(3, '0')}`, PlndOrderPlannedStartDate: day, PlndOrderPlannedStartTime: 'PT06H00M00S', PlndOrderPlannedEndDate: day, PlndOrderPlannedEndTime: 'PT14H00M00S', PlannedOrderIsFirm: true }
      const answer = await fetch(`${service}/A_PlannedOrder`, { method: 'POST', headers, body: JSON.stringify(order) })
      const said = await answer.text()
      must(answer.status === 201, `the sandbox says ${answer.status} ${said}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, enter))
}

/** Reads SAP now, and waits until it is shown. */
async function collect(page) {
  await page.evaluate(async () => {
    const ask = async (path, method = 'GET', headers = {}) => fetch(`./api/v1${path}`, { method, headers })
    const { csrf } = await (await ask('/session')).json()
    await ask('/collect', 'POST', { 'x-csrf-token': csrf })
    for (;;) {
      await new Promise(done => setTimeout(done, 500))
      const [job] = await (await ask('/jobs')).json()
      if (job?.kind === 'collect' && job.state === 'failed') throw new Error(job.text)
      if (job?.kind === 'collect' && job.state === 'done') return
    }
  })
}

/** The longest that Chromium took from a touch to the picture that answers it (Event Timing). */
async function touch(page, name, work, shown) {
  await page.evaluate(() => { window.touches.length = 0; window.tasks.length = 0 })
  const began = performance.now()
  await work()
  await shown()
  const until = performance.now() - began
  // What is shown later than a picture is reported later.
  await page.waitForTimeout(300)
  const [longest, task] = await page.evaluate(() => [Math.max(0, ...window.touches), Math.max(0, ...window.tasks)])
  figure(name, longest, TOUCH_MS)
  console.log(`   the answer stood there after ${Math.round(until)} ms, the server and this script included${task > 0 ? `; longest task of the page ${Math.round(task)} ms` : ''}`)
}

const watch = () => {
  window.touches = []
  window.tasks = []
  new PerformanceObserver(list => { for (const entry of list.getEntries()) window.touches.push(entry.duration) }).observe({ type: 'event', durationThreshold: 16, buffered: true })
  new PerformanceObserver(list => { for (const entry of list.getEntries()) window.tasks.push(entry.duration) }).observe({ type: 'longtask', buffered: false })
}

async function first(page, name) {
  await page.reload()
  await page.locator('main > h1').waitFor()
  const painted = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime)
  must(painted !== undefined, 'Chromium painted nothing')
  figure(`${name}: first content`, painted, FIRST_CONTENT_MS)
}

try {
  const anna = await person('anna', password)
  await anna.addInitScript(watch)
  let since = performance.now()
  const lasted = what => { console.log(`   ${what}: ${Math.round((performance.now() - since) / 1000)} s`); since = performance.now() }
  await fill()
  lasted(`${ORDERS} planned orders entered in the sandbox SAP`)
  await collect(anna)
  lasted('everything read and shown')
  await go(anna, '#/plans')
  await first(anna, 'plans')
  const sheet = anna.locator('[data-testid=sheet-planned-orders]')
  const total = () => sheet.locator('[aria-live]').last().textContent()
  await sheet.locator('tbody tr').first().waitFor()
  must(/10,0\d\d/.test(await total()), `the table has ${await total()}`)
  const cell = () => sheet.locator('tbody tr').first().locator('td').nth(0).textContent()
  const other = async before => anna.waitForFunction(was => document.querySelector('[data-testid=sheet-planned-orders] tbody td')?.textContent !== was, before)
  let before = await cell()
  await touch(anna, 'planned orders: sort by number', () => sheet.locator('thead button').first().click(), async () => {})
  await touch(anna, 'planned orders: sort downwards', () => sheet.locator('thead button').first().click(), () => other(before))
  before = await cell()
  await touch(anna, 'planned orders: next page', () => sheet.locator('ui5-button', { hasText: 'Next' }).click(), () => other(before))
  await touch(anna, 'planned orders: search', () => sheet.locator('ui5-input input').pressSequentially('8.997', { delay: 30 }), () => anna.waitForFunction(() => { const rows = [...document.querySelectorAll('[data-testid=sheet-planned-orders] tbody tr')]; return rows.length > 0 && rows.every(row => row.textContent.includes('8.997')) }))
  await touch(anna, 'plans: scroll', async () => { for (let turn = 0; turn < 10; turn += 1) await anna.mouse.wheel(0, 600) }, async () => {})
  await shot(anna, 'ten-thousand-planned-orders')

  // The demo's plan, its operations taken so often that ten thousand orders stand on the chart.
  const plan = await anna.evaluate(async () => (await (await fetch('./api/v1/tables/plans')).json()).rows[0][0])
  await anna.route(`**/api/v1/plans/${plan}`, async route => {
    const answer = await route.fetch()
    const page = await answer.json()
    const orders = new Set(page.bars.map(bar => bar.order)).size
    const times = Math.ceil(ORDERS / orders)
    page.bars = Array.from({ length: times }, (_, time) => page.bars.map(bar => ({ ...bar, order: `${bar.order}-${time}`, bucket: (bar.bucket + time) % page.shifts.length, minutes: bar.minutes / times }))).flat()
    console.log(`   ${orders * times} orders, ${page.bars.length} operations on the chart`)
    await route.fulfill({ response: answer, json: page })
  })
  await touch(anna, 'plan of 10,000 orders: opening it', () => anna.locator('[data-testid=sheet-plans] tbody a').first().click(), () => anna.locator('[data-testid=gantt] canvas, [data-testid=gantt] svg').first().waitFor())
  await first(anna, 'plan of 10,000 orders')
  await anna.locator('[data-testid=gantt] canvas, [data-testid=gantt] svg').first().waitFor()
  await anna.waitForTimeout(1500)
  const orders = anna.locator('[data-testid=sheet-plan-orders]')
  await touch(anna, 'plan of 10,000 orders: sort', () => orders.locator('thead button').nth(3).click(), async () => {})
  await touch(anna, 'plan of 10,000 orders: over the chart', async () => { const box = await anna.locator('[data-testid=gantt]').boundingBox(); for (let step = 0; step < 10; step += 1) await anna.mouse.move(box.x + 120 + 20 * step, box.y + 80) }, async () => {})
  await touch(anna, 'plan of 10,000 orders: scroll', async () => { for (let turn = 0; turn < 10; turn += 1) await anna.mouse.wheel(0, 600) }, async () => {})
  await anna.evaluate(() => window.scrollTo(0, 0))
  await shot(anna, 'ten-thousand-plan')
  must(watched.errors.length === 0, watched.errors.join('\n'))
  must(watched.foreign.length === 0, watched.foreign.join('\n'))
} finally {
  await browser.close()
  await running.stop()
}
process.exit(failed === 0 ? 0 : 1)
