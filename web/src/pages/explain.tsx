import { Button } from '@ui5/webcomponents-react/Button'
import { Input } from '@ui5/webcomponents-react/Input'
import { Label } from '@ui5/webcomponents-react/Label'
import { useEffect, useState, type ReactNode } from 'react'
import { get } from '../api'
import { t } from '../i18n'
import { useLoad } from '../load'
import { Trouble } from '../trouble'

type Json = null | string | number | boolean | Json[] | { [key: string]: Json }

const ROWS_SHOWN = 40

function words(key: string): string {
  return key.replaceAll('_', ' ')
}

/** Everything that an explanation says, in its order. It calculates nothing. */
function Part({ value }: { value: Json }): ReactNode {
  if (value === null) return '–'
  if (Array.isArray(value)) return <List rows={value} />
  if (typeof value === 'object') {
    return (
      <table>
        <tbody>{Object.entries(value).map(([key, part]) => <tr key={key}><th scope="row">{words(key)}</th><td><Part value={part} /></td></tr>)}</tbody>
      </table>
    )
  }
  return String(value)
}

function List({ rows }: { rows: Json[] }) {
  const [all, setAll] = useState(false)
  if (rows.length === 0) return t('no_rows')
  const shown = all ? rows : rows.slice(0, ROWS_SHOWN)
  const first = rows[0]
  const flat = first !== null && typeof first === 'object' && !Array.isArray(first) && Object.values(first).every(part => part === null || typeof part !== 'object')
  return (
    <>
      {flat ? (
        <table>
          <thead><tr>{Object.keys(first).map(key => <th key={key} scope="col">{words(key)}</th>)}</tr></thead>
          <tbody>{shown.map((row, at) => <tr key={at}>{Object.values(row as Record<string, Json>).map((part, place) => <td key={place}><Part value={part} /></td>)}</tr>)}</tbody>
        </table>
      ) : (
        <ol>{shown.map((row, at) => <li key={at}>{Array.isArray(row) ? row.map(part => (typeof part === 'object' ? JSON.stringify(part) : String(part))).join(', ') : <Part value={row} />}</li>)}</ol>
      )}
      {!all && rows.length > ROWS_SHOWN && <Button onClick={() => setAll(true)}>{t('rows_of', 1, ROWS_SHOWN, rows.length)}</Button>}
    </>
  )
}

export default function Explain({ what }: { what: string }) {
  const [typed, setTyped] = useState(what)
  useEffect(() => setTyped(what), [what])
  const { data, error, again } = useLoad(`explain-${what}`, () => (what ? get<Json>(`/explain/${encodeURIComponent(what)}`) : Promise.resolve(null)))
  return (
    <>
      <h1>{t('explain')} {what}</h1>
      <form className="bar" onSubmit={event => { event.preventDefault(); window.location.hash = `#/explain/${typed}` }}>
        <div className="field"><Label for="what">{t('explain_what')}</Label><Input id="what" accessibleName={t('explain_what')} value={typed} onInput={event => setTyped(event.target.value)} /></div>
        <Button type="Submit" design="Emphasized">{t('show')}</Button>
        <Button onClick={() => window.print()}>{t('print')}</Button>
      </form>
      <Trouble error={error} again={again} />
      {data !== null && data !== undefined && <section className="panel scroll" aria-label={t('evidence')} tabIndex={0} role="region" data-testid="evidence"><Part value={data} /></section>}
    </>
  )
}
