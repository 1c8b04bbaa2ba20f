// What goes wrong on a planner's day: the page says so in words, and nothing is done by halves.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { axe, go, logOn, must, shot } from './browser.mjs'
import { line } from './line.mjs'

/** The interface as somebody's page reaches it. */
export const api = (page, at, method = 'GET', body = undefined) => page.evaluate(async ([at, method, body]) => {
  const { csrf } = await (await fetch('./api/v1/session')).json()
  const answer = await fetch(`./api/v1${at}`, { method, headers: { 'x-csrf-token': csrf, 'content-type': 'application/json' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const text = await answer.text()
  return { status: answer.status, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text }
}, [at, method, body])

/** The rows of a table as objects. */
export async function rows(page, at) {
  const { body } = await api(page, `/tables/${at}`)
  return body.rows.map(row => Object.fromEntries(body.columns.map((column, place) => [column.key, row[place]])))
}

/** Reads SAP and the meters now, and waits until that is done. */
export async function collect(page) {
  const last = Math.max(0, ...(await api(page, '/jobs')).body.map(job => job.id))
  const { status } = await api(page, '/collect', 'POST')
  must(status === 202, `collect answered ${status}`)
  for (let tries = 240; ; tries -= 1) {
    const jobs = (await api(page, '/jobs')).body
    const read = jobs.find(one => one.kind === 'collect' && one.id > last)
    if (read?.state === 'done') return
    must(read?.state !== 'failed' && tries > 0, `reading: ${read?.text}`)
    await page.waitForTimeout(500)
  }
}

const undo = async page => {
  await page.locator('[data-testid=change-set] ui5-button[icon=undo]').first().click()
  await page.locator('ui5-button[data-testid=confirm-undo]').filter({ visible: true }).first().waitFor()
}
const confirm = page => page.locator('ui5-button[data-testid=confirm-undo]').filter({ visible: true }).first().click()
const phases = (page, phase) => page.waitForFunction(text => document.querySelector('[data-testid=sheet-change-sets] tbody tr .status')?.textContent === text, phase, { timeout: 60_000 })

export async function troubles({ step, anna, person, password, folder, url, sandbox, truth }) {
  const plan = (await rows(anna, 'plans?limit=1'))[0].plan
  const ben = await person('ben', password)

  /** Anna asks for the plan, ben approves it. */
  const approved = async () => {
    const { status, body } = await api(anna, '/requests', 'POST', { subject: { plan } })
    must(status === 201, `asking answered ${status} ${JSON.stringify(body)}`)
    const done = await api(ben, `/requests/${body.request}/approve`, 'POST', { hash: body.hash })
    must(done.status === 200, `approving answered ${done.status}`)
    return body.request
  }
  const waiting = () => ben.locator('[data-testid=approvals]')
  const open = async () => {
    await approved()
    await go(ben, '#/plans')
    await waiting().locator('ui5-button', { hasText: 'Post' }).click()
    await ben.locator('[data-testid=countdown]').first().waitFor({ timeout: 60_000 })
  }

  await step('a plan that SAP has outrun since it was approved is not posted, and its orders are named', async () => {
    await approved()
    const before = await truth()
    const sets = (await rows(anna, 'change-sets')).length
    const authorization = `Basic ${btoa(`CARBIDE:${readFileSync(path.join(folder, 'secrets/sap'), 'utf8').trim()}`)}`
    const service = `${sandbox}/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrderScheduleLine?$format=json&$top=1000`
    const lines = (await (await fetch(service, { headers: { authorization } })).json()).d.results
    const [order, item] = (await rows(anna, `plan-orders?of=${plan}`))[0].sales_order.split('/').map(Number)
    const of = lines.find(one => Number(one.SalesOrder) === order && Number(one.SalesOrderItem) === item)
    const edit = async quantity => {
      const row = { SalesOrder: of.SalesOrder, SalesOrderItem: of.SalesOrderItem, ScheduleLine: of.ScheduleLine }
      const answer = await fetch(`${sandbox}/sandbox/edit`, { method: 'POST', body: JSON.stringify({ set: 'A_SalesOrderScheduleLine', row, change: { ScheduleLineOrderQuantity: quantity } }) })
      must(answer.ok, `the sandbox says ${answer.status}`)
      await collect(anna)
    }
    await edit('0.500')
    await go(ben, '#/plans')
    await waiting().locator('ui5-button', { hasText: 'Post' }).click()
    await ben.getByText(/PLAN-STALE/).first().waitFor({ timeout: 60_000 })
    await ben.getByText(new RegExp(`sales order 0*${order} item 0*${item}`)).first().waitFor()
    await waiting().scrollIntoViewIfNeeded()
    await shot(ben, 'plan-stale')
    must((await axe(ben)).length === 0, (await axe(ben)).join('\n'))
    const after = await truth()
    must(after.orders === before.orders && after.documents === before.documents, 'something is in SAP')
    must((await rows(anna, 'change-sets')).length === sets, 'a change set was begun')
    await edit(of.ScheduleLineOrderQuantity)
  })

  await step('a session that ends in the middle of a posting: the posting goes on, and its window is there after the log-on', async () => {
    const before = await truth()
    await go(ben, '#/overview')
    await go(ben, '#/plans')
    await waiting().locator('ui5-button', { hasText: 'Post' }).click()
    await ben.locator('[data-testid=job]').or(ben.locator('[data-testid=countdown]')).first().waitFor()
    const ended = await api(ben, '/session', 'DELETE')
    must(ended.status === 204, `ending the session answered ${ended.status}`)
    await ben.getByText('The session is over').first().waitFor({ timeout: 60_000 })
    await shot(ben, 'session-over')
    await logOn(ben, 'ben', password)
    await ben.locator('[data-testid=countdown]').first().waitFor({ timeout: 60_000 })
    must((await truth()).orders !== before.orders, 'nothing was posted')
    must((await rows(ben, 'change-sets'))[0].phase === 'OPEN', 'it was done by halves')
  })

  await step('deletions that wait for the window are shown, also before it is taken back', async () => {
    const titles = ['planned order 1000123 REBAR-16, 12.5 TO', 'planned order 1000124 STRIP-3, 3 TO']
    await ben.route('**/api/v1/change-sets/*', async route => {
      const answer = await route.fetch()
      await route.fulfill({ response: answer, json: { ...await answer.json(), deletions: { state: 'waiting', titles, titles_said: titles.map(text => ({ text })), became: null } } })
    })
    await go(ben, '#/overview')
    await go(ben, '#/plans')
    const shown = ben.locator('[data-testid=change-set] > [data-testid=deletions]').first()
    await shown.getByText(/2 planned orders are deleted only once this window has closed, at \d/).waitFor()
    await shown.getByText(titles[1]).waitFor()
    await undo(ben)
    await ben.locator('ui5-dialog[open] [data-testid=deletions]').getByText('If it is taken back they stay').waitFor()
    await ben.waitForTimeout(500)
    await shot(ben, 'deletions-wait')
    must((await axe(ben)).length === 0, (await axe(ben)).join('\n'))
    await ben.locator('ui5-dialog[open] ui5-button', { hasText: 'Cancel' }).click()
    await ben.unroute('**/api/v1/change-sets/*')
    await ben.reload()
    await ben.locator('[data-testid=countdown]').first().waitFor()
  })

  await step('two browsers that take back at once do it once', async () => {
    const other = await person('ben', password)
    const before = await rows(ben, 'change-sets')
    for (const page of [ben, other]) await go(page, `#/plan/${plan}`)
    for (const page of [ben, other]) await undo(page)
    await Promise.all([confirm(ben), confirm(other)])
    for (const page of [ben, other]) await page.locator('[data-testid=change-set] .countdown .status', { hasText: 'taken back' }).first().waitFor({ timeout: 60_000 })
    const jobs = (await api(ben, '/jobs')).body.filter(job => job.kind === 'undo' && job.result === before[0].change_set && job.state === 'done')
    must(jobs.length === 1, `it was taken back ${jobs.length} times`)
    await Promise.any([ben, other].map(page => page.getByText(/somebody else decided|only while it is OPEN/).first().waitFor()))
    await shot(other, 'two-at-once')
    await other.context().close()
  })

  await step('a stale page that decides is told so, and nothing is done', async () => {
    await open()
    const stale = await person('ben', password)
    await stale.route('**/api/v1/events', route => route.abort())
    await stale.reload()
    await go(stale, '#/plans')
    await undo(stale)
    await undo(ben)
    await confirm(ben)
    await phases(ben, '↶ taken back')
    const after = await truth()
    await confirm(stale)
    await stale.getByText(/is taken back by now and not open as the page showed.*Nothing was done/).first().waitFor()
    await shot(stale, 'stale-page')
    const now = await truth()
    must(now.orders === after.orders && now.documents === after.documents, 'something was done')
    await stale.context().close()
  })

  await step('an event stream that is lost is told, comes back, and catches up', async () => {
    const wire = await line(url)
    const dora = await person('anna', password, wire.url)
    await go(dora, '#/plans')
    await phases(dora, '↶ taken back')
    await dora.locator('#seconds').fill('6')
    await dora.locator('ui5-button[data-testid=start-plan]').click()
    await dora.locator('[data-testid=job]').waitFor()
    wire.cut()
    await dora.getByText('The live connection is lost').waitFor()
    await shot(dora, 'stream-lost')
    await open()
    for (let tries = 120; (await api(anna, '/jobs')).body.some(job => job.kind === 'plan' && job.ended === undefined); tries -= 1) {
      must(tries > 0, 'the plan does not end')
      await anna.waitForTimeout(500)
    }
    wire.mend()
    await dora.getByText('The live connection is lost').waitFor({ state: 'detached', timeout: 30_000 })
    // The plan that ended meanwhile opens, and what was posted meanwhile stands in the list.
    await dora.waitForURL(/#\/plan\//, { timeout: 30_000 })
    await go(dora, '#/plans')
    await dora.locator('[data-testid=countdown]').first().waitFor()
    await undo(ben)
    await confirm(ben)
    await phases(ben, '↶ taken back')
    await phases(dora, '↶ taken back')
    await dora.context().close()
    wire.end()
  })

  await step('wishes that make no sense are refused with their number', async () => {
    const before = (await api(anna, '/jobs')).body.length
    await go(anna, '#/plans')
    const making = anna.locator('[data-testid=make-plan]')
    for (const [field, value, text] of [['#seconds', '99999', 'seconds 99,999 is not between 1 and 3600'], ['#cap', '-5', 'carbon_cap_kg -5 is not above 0']]) {
      const kept = await making.locator(field).inputValue()
      await making.locator(field).fill(value)
      await making.locator('ui5-button[data-testid=start-plan]').click()
      await making.getByText(text).waitFor()
      await making.locator(field).fill(kept)
    }
    for (const weight of ['carbon', 'cost', 'punctuality']) await making.locator(`#weight_${weight}`).fill('100')
    await making.getByText(/The weights sum to 3/).waitFor()
    must(await making.locator('[data-testid=start-plan]').evaluate(button => button.disabled), 'weights that sum to three may start')
    await shot(anna, 'absurd-weights')
    must((await api(anna, '/jobs')).body.length === before, 'a plan was begun')
  })
  await ben.context().close()
}
