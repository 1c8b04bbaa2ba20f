// A table of the server: pages, search, order and export are done there, so its length does not matter.
import { Button } from '@ui5/webcomponents-react/Button'
import { Input } from '@ui5/webcomponents-react/Input'
import { Label } from '@ui5/webcomponents-react/Label'
import { useEffect, useId, useMemo, useState, type ReactNode } from 'react'
import { get, type Column, type Sheet } from './api'
import { useEvents } from './events'
import { instant, local, number, scope } from './format'
import { named, t, useLanguage, type Key } from './i18n'
import { useLoad } from './load'
import { said, type Said } from './said'
import { Trouble } from './trouble'

/** SHA-256: shown by its beginning. */
const HASH = /^[0-9a-f]{64}$/

const width = (column: Column, text: string) => (column.kind === 'number' ? 'number' : text.length > 34 && !HASH.test(text) ? 'long' : 'short')

export function cell(column: Column, text: string, sentence?: Said): ReactNode {
  if (text === '') return '–'
  if (sentence) return said(sentence)
  if (column.kind === 'number') return number(text, column.decimals ?? 0)
  if (column.kind === 'instant') return instant(text)
  if (column.kind === 'key') return <Status value={text} />
  if (column.key === 'scope') return scope(text) ?? text
  if (HASH.test(text)) return <span title={text}>{text.slice(0, 16)}…</span>
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text) ? local(text) : text
}

const MARKS: Record<string, [string, string]> = {
  OPEN: ['◔', 'warn'], CONFIRMED: ['✓', 'good'], ROLLED_BACK: ['↶', ''], HELD: ['!', 'bad'], REFUSED: ['✕', 'bad'], ROLLED_BACK_CONFLICTS: ['↶!', 'warn'],
  hold: ['!', 'bad'], warning: ['△', 'warn'], notice: ['i', ''], missing: ['✕', 'bad'], imputed: ['~', 'warn'], measured: ['✓', 'good'],
  optimal: ['✓', 'good'], feasible: ['✓', ''], infeasible: ['✕', 'bad'], moved: ['→', ''], other_version: ['⇄', ''],
}

/** A state in words with a mark: never by colour alone. */
export function Status({ value }: { value: string }) {
  const [mark, kind] = MARKS[value] ?? ['', '']
  return <span className={`status ${kind}`}>{mark && <span aria-hidden="true">{mark} </span>}{named('key', value)}</span>
}

export function head(column: Column): string {
  const name = named('col', column.key)
  return column.unit ? `${name} [${column.unit.replace('CO2e', ' CO₂e')}]` : name
}

export interface SheetProps {
  name: string
  of?: string
  title: string
  limit?: number
  hide?: string[]
  open?: (row: Record<string, string>) => ReactNode
  choose?: Choice
  /** The rows are loaded anew when this changes: not all that changes them is told as an event. */
  since?: number
}

/** Rows that can be chosen: each with a key, if it can, and a name for who does not see its row. */
export interface Choice {
  chosen: ReadonlySet<string>
  key: (row: Record<string, string>) => { key: string; name: string } | undefined
  change: (key: string, chosen: boolean) => void
}

export function SheetView({ name, of, title, limit = 50, hide = [], open, choose, since = 0 }: SheetProps) {
  const [after, setAfter] = useState(0)
  const [sort, setSort] = useState('')
  const [typed, setTyped] = useState('')
  const [search, setSearch] = useState('')
  const id = useId()
  useEffect(() => {
    const wait = setTimeout(() => {
      setSearch(typed)
      setAfter(0)
    }, 200)
    return () => clearTimeout(wait)
  }, [typed])
  const query = new URLSearchParams()
  if (of) query.set('of', of)
  if (search) query.set('search', search)
  if (sort) query.set('sort', sort)
  const filter = query.toString()
  query.set('after', String(after))
  query.set('limit', String(limit))
  const path = `/tables/${name}?${query.toString()}`
  const { data, error, busy, again } = useLoad(path, () => get<Sheet>(path))
  const [kept, setKept] = useState<Sheet>()
  useEffect(() => {
    if (data) setKept(data)
  }, [data])
  useEvents(kind => {
    if (kind !== 'job') again()
  })
  useEffect(() => {
    if (since > 0) again()
  }, [since, again])
  const sheet = data ?? (kept?.name === name ? kept : undefined)
  const shown = sheet?.columns.map((column, at) => ({ column, at })).filter(({ column }) => !hide.includes(column.key)) ?? []
  const language = useLanguage()
  const body = useMemo(
    () => sheet?.rows.map((row, line) => {
      const named = () => Object.fromEntries(sheet.columns.map((column, at) => [column.key, row[at] ?? '']))
      const choice = choose?.key(named())
      return (
      <tr key={line}>
        {choose && (
          <td>
            {choice && <input type="checkbox" aria-label={`${t('choose')}: ${choice.name}`} checked={choose.chosen.has(choice.key)} onChange={event => choose.change(choice.key, event.target.checked)} />}
          </td>
        )}
        {shown.map(({ column, at }) => (
          <td key={column.key} className={width(column, row[at] ?? '')}>{cell(column, row[at] ?? '', sheet.said?.[row[at] ?? ''])}</td>
        ))}
        {open && <td>{open(named())}</td>}
      </tr>
      )
    }),
    // Rows are drawn anew when there are others, not with each key that is typed above them.
    [sheet, language, choose?.chosen],
  )
  const order = (key: string) => {
    setSort(sort === key ? `-${key}` : key)
    setAfter(0)
  }
  return (
    <section className="panel" aria-labelledby={`${id}-title`} data-testid={`sheet-${name}`}>
      <h2 id={`${id}-title`}>{title}</h2>
      <div className="bar">
        <div className="field">
          <Label for={`${id}-search`}>{t('search')}</Label>
          <Input id={`${id}-search`} accessibleName={`${t('search')}: ${title}`} value={typed} onInput={event => setTyped(event.target.value)} />
        </div>
        <span className="grow" />
        {(['csv', 'xlsx'] as const).map(form => (
          <Button key={form} icon="download" accessibleName={`${t(`export_${form}`)}: ${title}`} onClick={() => window.location.assign(`./api/v1/tables/${name}/${form}?${filter}`)}>
            {t(`export_${form}`)}
          </Button>
        ))}
      </div>
      <Trouble error={error} again={again} />
      <div className="scroll" tabIndex={0} role="region" aria-label={title} aria-busy={busy}>
        <table>
          <thead>
            <tr>
              {choose && <th scope="col"><span aria-hidden="true"> </span><span className="skip">{t('choose')}</span></th>}
              {shown.map(({ column }) => (
                <th key={column.key} scope="col" className={column.kind === 'number' ? 'number' : ''} aria-sort={sort === column.key ? 'ascending' : sort === `-${column.key}` ? 'descending' : 'none'}>
                  <button type="button" title={t('sort_by', head(column))} onClick={() => order(column.key)}>
                    {head(column)}{sort === column.key ? ' ▲' : sort === `-${column.key}` ? ' ▼' : ''}
                  </button>
                </th>
              ))}
              {open && <th scope="col"><span aria-hidden="true"> </span><span className="skip">{t('show')}</span></th>}
            </tr>
          </thead>
          <tbody>{body}</tbody>
        </table>
      </div>
      {sheet && (
        <div className="bar">
          <span aria-live="polite">{sheet.total === 0 ? t('no_rows') : t('rows_of', number(after + 1), number(after + sheet.rows.length), number(sheet.total))}</span>
          <span className="grow" />
          <Button design="Transparent" disabled={after === 0} onClick={() => setAfter(Math.max(0, after - limit))}>{t('previous')}</Button>
          <Button design="Transparent" disabled={sheet.next === undefined} onClick={() => setAfter(sheet.next ?? 0)}>{t('next')}</Button>
        </div>
      )}
    </section>
  )
}

export type { Key }
