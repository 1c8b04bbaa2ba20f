// The planner's day and finance's month, in a real browser against the real binary and its sandbox.
//   node tests/web/walk.mjs target/debug/carbide
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { demo } from './demo.mjs'
import { axe, go, must, open, shot } from './browser.mjs'
import { api, collect, rows, troubles } from './troubles.mjs'

/** Each chart with the tables that say the same. */
const TWINS = {
  '#/overview': { 'energy-days': ['energy-days'] },
  '#/energy': { sankey: ['flows'], heat: ['energy-hours'], 'meter-tree': ['meter-tree'], 'equipment-heat': ['equipment-days'] },
}
const TWINS_OF_PLAN = { gantt: ['plan-operations', 'plan-shifts'], front: ['plan-choices'] }

/** Looks that each chart of the page has its twins, with rows, and as CSV and XLSX. */
async function twins(page, charts, of = '') {
  const there = await page.locator('.chart').evaluateAll(all => all.map(chart => chart.dataset.testid))
  for (const chart of there) must(charts[chart] !== undefined, `the chart ${chart} has no table`)
  for (const [chart, tables] of Object.entries(charts)) {
    must(there.includes(chart), `there is no chart ${chart}, but ${there}`)
    for (const table of tables) {
      await page.locator(`[data-testid=sheet-${table}] tbody tr`).first().waitFor()
      const sizes = await page.evaluate(async at => Promise.all(['csv', 'xlsx'].map(async form => {
        const answer = await fetch(`./api/v1/tables/${at[0]}/${form}${at[1]}`)
        return answer.ok ? (await answer.arrayBuffer()).byteLength : 0
      })), [table, of])
      must(sizes.every(size => size > 50), `${table} cannot be taken along: ${sizes}`)
    }
  }
}

/** Words that stand in nearly every sentence of the program, and in none of another language of the page. */
const ENGLISH = /\b(the|is|are|and|of|instead|when|with|from|arrives|starts|shifts?|more|less|not?)\b/i
const OWN = { de: /[a-zäöüß]{3,}/, zh: /[\u4e00-\u9fff]{2,}/, ja: /[\u3040-\u30ff]/ }

/** Looks that sentences are of the language, each of them and none in English. */
function said(sentences, language) {
  must(sentences.length > 0, 'nothing is said')
  for (const sentence of sentences) {
    const words = sentence.replaceAll(/[A-Z][A-Z0-9-]+/g, ' ')
    must(OWN[language].test(words) && !ENGLISH.test(words), `in ${language} the page says: ${sentence}`)
  }
}

async function truth(sandbox) {
  const orders = await (await fetch(`${sandbox}/sandbox/planned-orders`)).text()
  const ledger = await (await fetch(`${sandbox}/sandbox/ledger`)).json()
  return { orders, documents: (ledger.fi_documents ?? ledger.documents ?? []).length }
}

const results = []
let failed = 0
async function step(name, work) {
  const began = performance.now()
  try {
    await work()
    results.push(`ok ${name} (${Math.round(performance.now() - began)} ms)`)
  } catch (error) {
    failed += 1
    results.push(`FAILED ${name}: ${error.message}`)
  }
  console.log(results.at(-1))
}

const running = await demo(process.argv[2] ?? 'target/debug/carbide')
const { folder, url, password, sandbox } = running
const { browser, watched, person } = await open(url)
try {
  // What the demo itself posted is taken back, so that the walk begins with an empty book.
  const anna = await person('anna', password)
  const settings = path.join(folder, 'carbide.toml')
  writeFileSync(settings, readFileSync(settings, 'utf8').replace('four_eyes = false', 'four_eyes = true'))
  let before

  await step('what the demo posted is taken back in the page', async () => {
    const open = count => anna.waitForFunction(wanted => document.querySelectorAll('[data-testid=countdown]').length === wanted, count, { timeout: 60_000 })
    await go(anna, '#/overview')
    for (let left = 2; left > 0; left -= 1) {
      await open(left)
      await anna.locator('[data-testid=change-set] ui5-button[icon=undo]').first().click()
      await anna.locator('ui5-button[data-testid=confirm-undo]').filter({ visible: true }).first().click()
    }
    await open(0)
    before = await truth(sandbox)
  })

  await step('a wrong password is told in the page', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(url)
    await page.locator('ui5-input#user input').fill('anna')
    await page.locator('ui5-input#password input').fill('not the password')
    await page.locator('ui5-button[type=Submit]').click()
    await page.getByText('user or password are wrong').waitFor()
    must((await axe(page)).length === 0, 'axe on the log-on page')
    await context.close()
  })

  await step('four eyes are switched on without a restart', async () => {
    const { status } = await api(anna, '/reload', 'POST')
    must(status === 204, `reload answered ${status}`)
    await anna.reload()
    await anna.locator('.frame').waitFor()
  })

  for (const [name, hash] of [['overview', '#/overview'], ['plans', '#/plans'], ['postings', '#/postings'], ['energy', '#/energy'], ['findings', '#/findings'], ['factors', '#/factors'], ['explain', '#/explain/REBAR-16']]) {
    await step(`${name}: no finding of axe`, async () => {
      await go(anna, hash)
      await anna.locator('main > h1').waitFor()
      await anna.locator('main table tbody tr').first().waitFor()
      await anna.waitForTimeout(400)
      await shot(anna, name)
      const found = await axe(anna)
      must(found.length === 0, found.join('\n'))
      if (TWINS[hash]) await twins(anna, TWINS[hash])
    })
  }

  await step('the report of the month is a PDF that the page hands out', async () => {
    await go(anna, '#/postings')
    const [download] = await Promise.all([anna.waitForEvent('download', { timeout: 120_000 }), anna.locator('ui5-button[data-testid=report-pdf]').click()])
    must(/^carbide-\d{4}-\d\d\.pdf$/.test(download.suggestedFilename()), download.suggestedFilename())
    must(readFileSync(await download.path()).subarray(0, 5).toString() === '%PDF-', 'it is no PDF')
  })

  await step('a plan is shown with other choices, what the shop floor makes of it, and reasons', async () => {
    await go(anna, '#/plans')
    await anna.locator('#seconds').fill('3')
    await anna.locator('#front').check()
    await anna.locator('ui5-button[data-testid=start-plan]').click()
    await anna.waitForURL(/#\/plan\//, { timeout: 120_000 })
    await anna.locator('[data-testid=front] svg').waitFor()
    for (const sheet of ['plan-choices', 'plan-likelihood', 'plan-reasons']) {
      await anna.locator(`[data-testid=sheet-${sheet}] tbody tr`).first().waitFor()
    }
    await anna.locator('[data-testid=feasibility]').waitFor()
    await twins(anna, TWINS_OF_PLAN, `?of=${(await rows(anna, 'plans?limit=1'))[0].plan}`)
    await shot(anna, 'plan-choices')
    await anna.locator('[data-testid=front]').evaluate(chart => chart.scrollIntoView({ block: 'center' }))
    await shot(anna, 'plan-front')
    const found = await axe(anna)
    must(found.length === 0, found.join('\n'))
  })

  await step('the sliders of a plan make the next one, and its own choice stands on the front', async () => {
    const was = await anna.evaluate(() => window.location.hash)
    const making = anna.locator('[data-testid=make-plan]')
    must(await making.locator('#front').isChecked(), 'a plan with a front asks for none')
    await making.locator('#weight_carbon').fill('80')
    await making.getByText(/sum to 1/).waitFor()
    must(await making.locator('[data-testid=start-plan]').evaluate(button => button.disabled), 'weights that sum to more than one may start')
    await making.locator('#weight_cost').fill('10')
    await making.locator('#weight_punctuality').fill('10')
    await making.locator('#seconds').fill('3')
    await making.locator('[data-testid=start-plan]').click()
    await anna.waitForFunction(hash => window.location.hash !== hash, was, { timeout: 120_000 })
    await anna.waitForFunction(() => document.querySelector('#weight_carbon')?.value === '80')
    await anna.locator('[data-testid=sheet-plan-choices]').getByText('✓').or(anna.locator('[data-testid=sheet-plan-choices] .status', { hasText: 'yes' })).first().waitFor()
    await anna.locator('[data-testid=make-plan]').scrollIntoViewIfNeeded()
    await shot(anna, 'plan-from-here')
    const found = await axe(anna)
    must(found.length === 0, found.join('\n'))
  })

  await step('a running plan shows its best and can be stopped', async () => {
    await go(anna, '#/plans')
    await anna.locator('#seconds').fill('60')
    await anna.locator('ui5-button[data-testid=start-plan]').click()
    await anna.getByText('Best so far').waitFor({ timeout: 30_000 })
    await shot(anna, 'plan-running')
    await anna.getByText('Stop and keep the best').click()
    await anna.waitForURL(/#\/plan\//, { timeout: 60_000 })
    await anna.locator('[data-testid=gantt] svg').waitFor()
    await anna.locator('[data-testid=sheet-plan-orders] tbody tr').first().waitFor()
    await shot(anna, 'plan')
    const found = await axe(anna)
    must(found.length === 0, found.join('\n'))
  })

  await step('a simulation lists every document and sends nothing', async () => {
    await anna.locator('ui5-button', { hasText: 'Simulate' }).click()
    await anna.getByText('documents would be created').waitFor()
    must((await truth(sandbox)).orders === before.orders, 'SAP holds something else')
    await anna.locator('ui5-dialog[open] ui5-button', { hasText: 'Close' }).click()
  })

  let ben
  await step('anna asks, ben approves and posts, and the window counts down', async () => {
    await anna.locator('ui5-button', { hasText: 'Ask for approval' }).click()
    await anna.getByText(/R-1: plan/).waitFor()
    ben = await person('ben', password)
    await go(ben, '#/plans')
    const waiting = ben.locator('[data-testid=approvals]')
    await waiting.locator('ui5-button', { hasText: 'Approve' }).click()
    await waiting.locator('ui5-button', { hasText: 'Post' }).click()
    await ben.locator('[data-testid=countdown]').first().waitFor({ timeout: 60_000 })
    const one = await ben.locator('[data-testid=countdown]').first().textContent()
    await ben.waitForTimeout(2100)
    const later = await ben.locator('[data-testid=countdown]').first().textContent()
    must(one !== later && /^[01]:\d\d$/.test(later), `the countdown went from ${one} to ${later}`)
    await shot(ben, 'window')
    must((await truth(sandbox)).orders !== before.orders, 'nothing was posted')
  })

  await step('ben takes it back, and SAP is as before', async () => {
    await ben.locator('[data-testid=change-set] ui5-button[icon=undo]').first().click()
    await ben.locator('ui5-button[data-testid=confirm-undo]').filter({ visible: true }).first().click()
    await ben.waitForFunction(() => document.querySelector('[data-testid=sheet-change-sets] tbody tr .status')?.textContent === '↶ taken back', undefined, { timeout: 60_000 })
    must((await truth(sandbox)).orders === before.orders, 'SAP is not as before')
    await shot(ben, 'taken-back')
  })

  await troubles({ step, anna, person, password, folder, url, sandbox, truth: () => truth(sandbox) })

  await step('finance posts the month with two people and reverses it', async () => {
    const documents = (await truth(sandbox)).documents
    await go(anna, '#/postings')
    await anna.locator('ui5-button', { hasText: 'Ask for approval' }).click()
    await anna.getByText(/R-\d+: .*2018/).first().waitFor()
    await go(ben, '#/postings')
    const waiting = ben.locator('[data-testid=approvals]')
    await waiting.locator('ui5-button', { hasText: 'Approve' }).click()
    await waiting.locator('ui5-button', { hasText: 'Post' }).click()
    await ben.locator('[data-testid=countdown]').first().waitFor({ timeout: 60_000 })
    await shot(ben, 'month-window')
    must((await truth(sandbox)).documents > documents, 'nothing was posted')
    const posted = (await rows(anna, 'postings'))[0]
    must(posted.phase === 'OPEN' && /^\d+/.test(posted.document) && posted.reversed_by === '', JSON.stringify(posted))
    await ben.locator('[data-testid=change-set] ui5-button[icon=undo]').first().click()
    await ben.locator('ui5-button[data-testid=confirm-undo]').filter({ visible: true }).first().click()
    await ben.waitForFunction(set => [...document.querySelectorAll('[data-testid=sheet-postings] tbody tr')].some(row => row.textContent.includes(set) && row.textContent.includes('taken back')), posted.change_set, { timeout: 60_000 })
    const reversed = (await rows(anna, 'postings')).filter(row => row.change_set === posted.change_set)
    must(reversed.length > 0 && reversed.every(row => /\d{8,}/.test(row.reversed_by)), JSON.stringify(reversed[0]))
    await ben.locator('[data-testid=sheet-postings]').scrollIntoViewIfNeeded()
    await shot(ben, 'month-reversed')
    const found = await axe(ben)
    must(found.length === 0, found.join('\n'))
  })

  await step('finance finds a posting, drills down to the meter and exports', async () => {
    await go(anna, '#/postings')
    const sheet = anna.locator('[data-testid=sheet-postings]')
    await sheet.locator('tbody tr').first().waitFor()
    await sheet.locator('ui5-input input').fill('101011')
    await anna.waitForFunction(() => {
      const rows = [...document.querySelectorAll('[data-testid=sheet-postings] tbody tr')]
      return rows.length > 0 && rows.every(row => row.textContent.includes('101011'))
    })
    const [file] = await Promise.all([anna.waitForEvent('download'), sheet.locator('ui5-button', { hasText: 'Excel' }).click()])
    must(readFileSync(await file.path()).subarray(0, 2).toString() === 'PK', 'the export is no workbook')
    await sheet.getByText('Explain').first().click()
    await anna.locator('[data-testid=evidence]').getByText('M-1010-MAIN').first().waitFor()
    await shot(anna, 'evidence')
  })

  await step('an upload that is no table is told in the page', async () => {
    await go(anna, '#/findings')
    const upload = anna.locator('[data-testid=right-readings]')
    await upload.locator('input[type=file]').setInputFiles({ name: 'readings.xlsx', mimeType: '', buffer: Buffer.from('%PDF-1.7') })
    await upload.locator('ui5-button[data-testid=look]').click()
    await upload.getByText('UPLOAD-FORM').first().waitFor()
    must(await upload.locator('ui5-button[data-testid=keep]').count() === 0, 'it could be kept')
  })

  await step('a meter jumps, and what the rules find waits for somebody', async () => {
    const jump = "import sqlite3, sys; ems = sqlite3.connect(sys.argv[1]); ems.execute(\"UPDATE meter_reading SET amount = '40000' WHERE id IN (24200, 24400)\"); ems.commit()"
    execFileSync('python3', ['-c', jump, path.join(folder, 'ems.sqlite')])
    execFileSync(path.resolve(process.argv[2] ?? 'target/debug/carbide'), ['--config', settings, 'sync', '--full', '--why', 'a meter was read anew'], { cwd: folder, stdio: 'ignore' })
    await go(anna, '#/findings')
    await collect(anna)
    const total = () => anna.evaluate(async () => (await (await fetch('./api/v1/tables/right-readings?limit=1')).json()).total ?? 0)
    let tries = 120
    while (await total() === 0) {
      must((tries -= 1) > 0, 'the rules found nothing')
      await anna.waitForTimeout(1000)
    }
  })

  await step('right readings are filled in, looked at row by row, and kept together', async () => {
    const table = await anna.evaluate(async () => (await fetch('./api/v1/tables/right-readings?limit=10000')).json())
    const at = key => table.columns.findIndex(column => column.key === key)
    const finding = table.rows[0][at('finding')]
    const rows = table.rows.filter(row => row[at('finding')] === finding)
    const lines = energy => ['finding,interval end,right energy [kWh]', ...rows.map(row => `${finding},${row[at('interval_end')]},${energy}`)].join('\n')
    const upload = anna.locator('[data-testid=right-readings]')
    const look = async energy => {
      await upload.locator('input[type=file]').setInputFiles({ name: 'readings.csv', mimeType: 'text/csv', buffer: Buffer.from(lines(energy)) })
      await upload.locator('ui5-button[data-testid=look]').click()
    }
    await upload.locator('#right-readings-why input').fill('read on site')
    await look('much')
    await upload.getByText("'much' is no number of kWh").first().waitFor()
    await shot(anna, 'right-readings-wrong')
    await look('3.5')
    await upload.locator('ui5-button[data-testid=keep]').waitFor()
    await upload.scrollIntoViewIfNeeded()
    await shot(anna, 'right-readings')
    const found = await axe(anna)
    must(found.length === 0, found.join('\n'))
    await upload.locator('ui5-button[data-testid=keep]').click()
    await upload.getByText('Findings corrected: 1').waitFor({ timeout: 240_000 })
    const state = await anna.evaluate(async key => (await (await fetch(`./api/v1/findings/${key}`)).json()).state, finding)
    must(state === 'corrected', `the finding is ${state}`)
  })

  await step('findings that are chosen together are decided together', async () => {
    const boxes = anna.locator('[data-testid=sheet-findings] input[type=checkbox]')
    await boxes.first().waitFor()
    const chosen = Math.min(2, await boxes.count())
    for (let at = 0; at < chosen; at += 1) await boxes.nth(at).check()
    const together = anna.locator('[data-testid=together]')
    await together.locator('#whom-all input').fill('shift C')
    await shot(anna, 'findings-together')
    const found = await axe(anna)
    must(found.length === 0, found.join('\n'))
    await together.locator('ui5-button', { hasText: 'Note that somebody was asked' }).click()
    await together.waitFor({ state: 'detached', timeout: 240_000 })
    await anna.waitForFunction(wanted => [...document.querySelectorAll('[data-testid=sheet-findings] tbody tr')].filter(row => row.textContent.includes('asked')).length >= wanted, chosen)
  })

  await step('a session that is over is told, and nothing is lost', async () => {
    await ben.context().clearCookies()
    await go(ben, '#/findings')
    await ben.getByText('The session is over').first().waitFor()
  })

  // Thousands and a day, as each language writes them.
  const WRITTEN = { de: [/^\d{1,3}(\.\d{3})+$/, /\d\d\.\d\d\.\d{4}/], zh: [/^\d{1,3}(,\d{3})+$/, /\d{4}年\d+月\d+日/], ja: [/^\d{1,3}(,\d{3})+$/, /\d{4}\/\d\d\/\d\d/] }
  for (const [language, word] of [['de', 'Übersicht'], ['zh', '概览'], ['ja', '概要']]) {
    await step(`the page speaks ${language} and writes numbers and days so`, async () => {
      await anna.evaluate(to => localStorage.setItem('carbide-language', to), language)
      await anna.goto(`${url}/#/overview`)
      await anna.reload()
      await anna.locator('main > h1', { hasText: word }).waitFor()
      const [energy, read] = await anna.locator('.tile .big').evaluateAll(all => [all[1].textContent, all[4].textContent])
      must(WRITTEN[language][0].test(energy) && WRITTEN[language][1].test(read), `${energy} and ${read}`)
      await anna.locator('[data-testid=energy-days] svg').waitFor()
      await shot(anna, `overview-${language}`)
      for (const [name, hash] of [['plan', `#/plan/${(await rows(anna, 'plans?limit=1'))[0].plan}`], ['energy', '#/energy'], ['postings', '#/postings']]) {
        await go(anna, hash)
        await anna.locator('main table tbody tr').first().waitFor()
        await anna.waitForTimeout(700)
        await shot(anna, `${name}-${language}`, true)
      }
    })
  }

  for (const language of ['de', 'zh', 'ja']) {
    await step(`reasons, findings, refusals and progress are said in ${language}`, async () => {
      await anna.evaluate(to => localStorage.setItem('carbide-language', to), language)
      const plan = (await rows(anna, 'plans?limit=1'))[0].plan
      await anna.goto(`${url}/#/plan/${plan}`)
      await anna.reload()
      const texts = async (sheet, columns) => {
        await anna.locator(`[data-testid=sheet-${sheet}] tbody tr`).first().waitFor()
        return anna.evaluate(([name, places]) => [...document.querySelectorAll(`[data-testid=sheet-${name}] tbody tr`)].flatMap(row => places.map(at => row.children[at].textContent)), [sheet, columns])
      }
      said(await texts('plan-reasons', [1]), language)
      await anna.locator('[data-testid=sheet-plan-reasons]').scrollIntoViewIfNeeded()
      await shot(anna, `reasons-${language}`)
      await go(anna, '#/findings')
      // A box to choose it by, its key, state and deadline, rule, severity, subject, times and count stand before.
      said(await texts('findings', [10, 11]), language)
      await anna.locator('[data-testid=sheet-findings] tbody ui5-button').first().click()
      await anna.locator('[data-testid=finding] ol li').first().waitFor()
      said((await anna.locator('[data-testid=finding] p').allTextContents()).slice(1), language)
      await shot(anna, `finding-${language}`)
      await go(anna, '#/explain/NO-SUCH-THING')
      await anna.locator('main [role=alert]').waitFor()
      said(await anna.locator('main [role=alert] ui5-message-strip').allTextContents(), language)
      await shot(anna, `refusal-${language}`)
      await go(anna, '#/plans')
      await anna.locator('#seconds').fill('3')
      await anna.locator('ui5-button[data-testid=start-plan]').click()
      // How far it is, or why there is none: at times every demand is covered already.
      const told = await anna.waitForFunction(() => {
        const making = document.querySelector('[data-testid=make-plan]')
        const text = making?.querySelector('[data-testid=job] > span')?.textContent ?? ''
        return /\. \S/.test(text) ? text : making?.querySelector('ui5-message-strip')?.textContent
      }, undefined, { timeout: 60_000 })
      said([await told.jsonValue()], language)
      for (let tries = 120; (await api(anna, '/jobs')).body.some(job => job.kind === 'plan' && job.ended === undefined); tries -= 1) {
        must(tries > 0, 'the plan does not end')
        await anna.waitForTimeout(500)
      }
    })
  }

  for (const theme of ['sap_horizon_dark', 'sap_horizon_hcb']) {
    await step(`${theme}: no finding of axe on any page`, async () => {
      await anna.evaluate(to => { localStorage.setItem('carbide-theme', to); localStorage.setItem('carbide-language', 'en') }, theme)
      await anna.goto(`${url}/#/overview`)
      await anna.reload()
      await anna.locator('[data-testid=energy-days] svg').waitFor()
      await anna.waitForTimeout(600)
      await shot(anna, theme)
      const plan = `#/plan/${(await rows(anna, 'plans?limit=1'))[0].plan}`
      for (const hash of ['#/overview', '#/plans', plan, '#/postings', '#/explain/REBAR-16', '#/energy', '#/findings', '#/factors']) {
        await go(anna, hash)
        await anna.locator('main table tbody tr').first().waitFor()
        await anna.waitForTimeout(600)
        const found = await axe(anna)
        must(found.length === 0, `${hash}: ${found.join('\n')}`)
        if (hash === plan) await shot(anna, `${theme}-plan`)
      }
    })
  }

  await step('a table is sorted and a page is opened by the keyboard alone', async () => {
    await go(anna, '#/plans')
    const head = anna.locator('[data-testid=sheet-planned-orders] thead th').first()
    await head.locator('button').focus()
    await anna.keyboard.press('Enter')
    await anna.waitForFunction(() => document.querySelector('[data-testid=sheet-planned-orders] thead th').getAttribute('aria-sort') === 'ascending')
    await anna.locator('nav a', { hasText: 'Energy' }).focus()
    await anna.keyboard.press('Enter')
    await anna.locator('main > h1', { hasText: 'Energy' }).waitFor()
    must(await anna.evaluate(() => document.activeElement?.tagName) === 'MAIN', 'the new page has no focus')
  })

  await step('a narrow screen and the keyboard work', async () => {
    await anna.setViewportSize({ width: 420, height: 800 })
    await anna.evaluate(() => localStorage.setItem('carbide-theme', 'sap_horizon'))
    await anna.goto(`${url}/#/overview`)
    await anna.reload()
    await anna.locator('main > h1').waitFor()
    const plan = `#/plan/${(await rows(anna, 'plans?limit=1'))[0].plan}`
    for (const hash of ['#/plans', plan, '#/postings', '#/explain/REBAR-16', '#/energy', '#/findings', '#/factors', '#/overview']) {
      await go(anna, hash)
      await anna.locator('main table tbody tr').first().waitFor()
      await anna.waitForTimeout(600)
      const wide = await anna.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      const widest = await anna.evaluate(() => [...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > window.innerWidth + 1 && !one.closest('.scroll')).map(one => one.tagName + '.' + one.className).slice(0, 5).join(' '))
      must(wide <= 1, `${hash} is ${wide} px wider than the screen: ${widest}`)
      const found = await axe(anna)
      must(found.length === 0, `${hash} on a narrow screen: ${found.join('\n')}`)
    }
    await anna.reload()
    await anna.locator('main > h1').waitFor()
    await anna.keyboard.press('Tab')
    await anna.keyboard.press('Enter')
    const focused = await anna.evaluate(() => document.activeElement?.tagName)
    must(focused === 'MAIN', `the skip link leads to ${focused}`)
  })

  await step('nothing left the host, and the console is clean', async () => {
    must(watched.foreign.length === 0, watched.foreign.join('\n'))
    must(watched.errors.length === 0, watched.errors.join('\n'))
  })
} finally {
  await browser.close()
  await running.stop()
}
console.log(`${results.length - failed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
