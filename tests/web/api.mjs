// The interface of the real binary against its own OpenAPI document: schemathesis sends what the document
// allows and what it forbids, and looks whether each answer is one that the document names.
//   node tests/web/api.mjs target/debug/carbide
import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { demo } from './demo.mjs'

const place = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../target/api')
const tool = path.join(place, 'bin/schemathesis')
const SEED = '20181001'
const CHECKS = 'not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,negative_data_rejection,ignored_auth'
// An event stream does not end, so nothing that waits for the end of an answer can try it.
const ENDLESS = ['--exclude-path', '/api/v1/events']

const running = await demo(process.argv[2] ?? 'target/debug/carbide')
const { url, password } = running

async function session(user) {
  const answer = await fetch(`${url}/api/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user, password }) })
  if (!answer.ok) throw new Error(`${user} cannot log on: ${answer.status} ${await answer.text()}`)
  return ['-H', `cookie: ${answer.headers.get('set-cookie').split(';')[0]}`, '-H', `x-csrf-token: ${(await answer.json()).csrf}`]
}

function run(examples, wanted) {
  const child = spawn(tool, ['--no-color', 'run', `${url}/api/v1/openapi.json`, '--seed', SEED, '--checks', CHECKS, '--max-examples', String(examples), '--phases', 'examples,coverage,fuzzing', '--request-timeout', '60', '--generation-database', 'none', '--no-shrink', '--generation-with-security-parameters', 'false', '--warnings', 'off', ...wanted], { cwd: place, stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise(resolve => {
    let text = ''
    child.stdout.on('data', piece => { text += piece })
    child.on('exit', code => resolve({ code, text }))
  })
}

let failed = 0
let passed = 0
async function step(name, examples, wanted) {
  const began = performance.now()
  const { code, text } = await run(examples, wanted)
  const cases = Number(/(\d+) generated/.exec(text)?.[1] ?? 0)
  const well = code === 0 && cases > 0
  if (well) passed += 1
  else {
    failed += 1
    console.log(text)
  }
  console.log(`${well ? 'ok' : 'FAILED'} ${name}: ${cases} requests (${Math.round(performance.now() - began)} ms)`)
}

// Before SAP and the meters were read once, what needs facts answers 503 and when to ask again.
async function firstRead() {
  const headers = Object.fromEntries((await session('anna')).filter(part => part !== '-H').map(part => part.split(/: (.*)/s)))
  for (let tries = 0; tries < 120; tries += 1) {
    const answer = await fetch(`${url}/api/v1/explain/0`, { headers })
    if (answer.status !== 503) return
    await new Promise(again => setTimeout(again, 1000))
  }
  throw new Error('SAP and the meters were not read within two minutes')
}

try {
  await firstRead()
  const document = await (await fetch(`${url}/api/v1/openapi.json`)).json()
  const changes = Object.entries(document.paths).flatMap(([at, item]) => ['post', 'delete'].filter(method => item[method]).map(method => [at, method]))
  // A plan keeps the thread that reads and plans busy, so it comes last; logging on and off ends sessions.
  const last = at => (at === '/api/v1/plans' ? 1 : 0)
  await step('nobody is logged on', 5, ENDLESS)
  await step('what is read', 20, [...ENDLESS, '--include-method', 'GET', ...await session('anna')])
  for (const [at, method] of changes.filter(([at]) => at !== '/api/v1/session').sort((a, b) => last(a[0]) - last(b[0]))) {
    // Each has a session of its own: a session changes only so much a minute.
    await step(`${method.toUpperCase()} ${at}`, 20, ['--include-name', `${method.toUpperCase()} ${at}`, ...await session('anna')])
  }
} finally {
  await running.stop()
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
