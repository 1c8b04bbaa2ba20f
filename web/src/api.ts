// The interface of the server: /api/v1, nothing else.

import type { Said } from './said'

export interface Problem {
  status: number
  code: string
  detail: string
  said?: Said
}

export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail)
  }
}

export type Role = 'viewer' | 'auditor' | 'planner' | 'finance' | 'admin'

export interface Who {
  user: string
  roles: Role[]
  csrf: string
  four_eyes: boolean
  version: string
}

/** How somebody can log on: as a local user, at the directory of that name. */
export interface Ways {
  password: boolean
  directory?: string
}

export type ColumnKind = 'text' | 'number' | 'instant' | 'key'

export interface Column {
  key: string
  kind: ColumnKind
  unit?: string
  decimals?: number
}

export interface Sheet {
  name: string
  columns: Column[]
  rows: string[][]
  total: number
  next?: number
  said?: Record<string, Said>
}

export interface Job {
  id: number
  kind: 'collect' | 'plan' | 'post' | 'undo'
  state: 'waiting' | 'running' | 'done' | 'failed'
  by: string
  text: string
  said?: Said
  best_fv?: number
  result?: string
  asked: string
  ended?: string
}

export interface Overview {
  plant: string
  company_code: string
  period: string
  facts_read: string
  facts: string
  server_time: string
  energy_kwh: string
  scope_1_kg: string
  scope_2_kg: string
  latest: { from: string; until: string; gaps: number; energy_kwh: string; carbon_kg: string | null } | null
  days: { day: string; energy_kwh: string | null; imputed: boolean }[]
  budgets: {
    quarter: string
    through: string | null
    budget_kg: string
    target_kg: string
    emitted_kg: string
    left_kg: string
    projected_kg: string | null
  }[]
  held_findings: number
  findings: number
  gaps: number
  standing: { change_set: string; phase: string; purpose: string; ends: string | null; reason: string | null }[]
  waiting: number
  problems: number
  jobs: Job[]
  collect_failed: string | null
  collect_failed_said: Said | null
}

export interface Worth {
  carbon_kg: number
  cost: number
  punctuality: number
  night_share: number
  low_carbon_ratio: number
  fv: number | null
  feasible: boolean
  violations: string[]
}

export interface PlanPage {
  plan: string
  made: string
  status: string
  currency: string
  worth: Worth
  baseline: Worth
  upper_bound: number
  weights: [number, number, number]
  seed: number
  facts: string
  code_version: string
  shifts: { start: string; night: boolean; grid_kg_per_kwh: number; tariff_per_kwh: number }[]
  bars: {
    order: string
    material: string
    work_center: string
    bucket: number
    bucket_baseline: number | null
    start: string
    end: string
    minutes: number
  }[]
  unplannable: { demand: string; reason: string; said?: Said }[]
  carbon_parts: [Record<string, number>, Record<string, number>]
  change_set: string | null
  feasibility: {
    on_time: number
    on_time_min: number | null
    postable: boolean
    runs: number
    seed: number
    punctuality: Scattered
    electricity_kwh: Scattered
    carbon_kg: Scattered
  } | null
  quarters: { quarter: string; scopes: number[]; planned_kg: number; budget_kg: number }[]
  conflict: { text: string; said: Said | null; proven: boolean; relaxing: string[]; relaxing_said: Said[] } | null
  front: { name: string; said: Said | null; chosen: boolean; carbon_kg: number; cost: number; punctuality: number; cost_per_tonne_saved: number | null }[] | null
}

export interface Scattered {
  planned: number
  low: number
  median: number
  high: number
}

export interface ChangeSetPage {
  change_set: string
  phase: string
  purpose: string
  purpose_said: Said | null
  requested_by: string
  plan_hash: string
  ends: string | null
  server_time: string
  reason: string | null
  reason_said: Said | null
  items: {
    item: number
    title: string
    said: Said | null
    state: string
    number: string | null
    reversal: string | null
    conflict: { what: string; fields: [string, string, string, string][] } | null
    message: string | null
  }[]
  deletions: { state: 'waiting' | 'due' | 'became' | 'dropped'; titles: string[]; titles_said: Said[]; became: string | null } | null
}

export interface FindingPage {
  finding: string
  rule: string
  subject: string
  text: string
  said: Said | null
  proposal: string
  proposal_said: Said | null
  state: string
  waits: boolean
  due: string | null
  from: string | null
  to: string | null
  events: { at: string; who: string; what: string; text: string; said: Said | null; before_kwh: string | null; after_kwh: string | null }[]
}

export type Decision = { ask: { whom: string } } | { accept: { why: string } } | { correct: { kwh: string[]; why: string } }

/** What a table of right readings says; `kept` once it counts. */
export interface RightReadings {
  kept: boolean
  hash: string
  findings: { finding: string; rule: string; meter: string; from: string | null; to: string | null; intervals: number; gaps: number; before_kwh: string; after_kwh: string }[]
  problems: { row: number; column: string; what: string; todo: string }[]
  problems_total: number
}

export interface Simulation {
  documents: { item: number; title: string; said: Said | null; key: string }[]
  documents_max: number
}

export interface Asked {
  request: string
  hash: string
  purpose: string
  purpose_said: Said | null
  requested_by: string
  approved_by: string | null
  documents: string[]
}

export type Subject = { plan: string } | { month: string }

let csrf = ''

/** Asks the server. A refusal is an ApiError with what the server said. */
async function ask<T>(method: string, path: string, body?: unknown, file?: { kind: string; content: File }): Promise<T> {
  const headers: Record<string, string> = {}
  if (method !== 'GET') headers['x-csrf-token'] = csrf
  if (file) headers['content-type'] = file.kind
  else if (body !== undefined) headers['content-type'] = 'application/json'
  let answer: Response
  try {
    answer = await fetch(`./api/v1${path}`, {
      method,
      headers,
      body: file?.content ?? (body === undefined ? undefined : JSON.stringify(body)),
    })
  } catch {
    throw new ApiError({ status: 0, code: 'OFFLINE', detail: '' })
  }
  const text = await answer.text()
  if (!answer.ok) {
    let problem: Problem
    try {
      problem = JSON.parse(text) as Problem
    } catch {
      problem = { status: answer.status, code: 'HTTP', detail: `${answer.status} ${answer.statusText}` }
    }
    if (answer.status === 401) window.dispatchEvent(new Event('carbide-logon'))
    throw new ApiError(problem)
  }
  return (text === '' ? undefined : JSON.parse(text)) as T
}

export const get = <T>(path: string) => ask<T>('GET', path)
export const post = <T>(path: string, body?: unknown) => ask<T>('POST', path, body)

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

/** Sends a file as what its name says; a machine without a spreadsheet knows no type for it. */
export const send = <T>(path: string, content: File) =>
  ask<T>('POST', path, undefined, { kind: /\.(csv|txt)$/i.test(content.name) ? 'text/csv' : XLSX, content })

export const ways = () => get<Ways>('/session/ways')

export async function who(): Promise<Who> {
  const found = await get<Who>('/session')
  csrf = found.csrf
  return found
}

export async function logOn(user: string, password: string): Promise<Who> {
  const found = await post<Who>('/session', { user, password })
  csrf = found.csrf
  return found
}

export async function logOff(): Promise<void> {
  await ask<void>('DELETE', '/session')
}
