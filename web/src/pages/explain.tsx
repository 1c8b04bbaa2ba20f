import { Button } from '@ui5/webcomponents-react/Button'
import { Input } from '@ui5/webcomponents-react/Input'
import { Label } from '@ui5/webcomponents-react/Label'
import { useEffect, useState, type ReactNode } from 'react'
import { get } from '../api'
import { number, scope } from '../format'
import { named, t } from '../i18n'
import { useLoad } from '../load'
import { Trouble } from '../trouble'

type Scalar = null | string | number | boolean
type Json = Scalar | Json[] | Fields
interface Fields { [key: string]: Json }

/** Rows of a table, and parts with tables of their own, that are shown until somebody wants all. */
const ROWS_SHOWN = 40
const PARTS_SHOWN = 8
/** Decimals that are shown of a number; the number itself stands in its title. */
const DECIMALS = 6
/** A longer list is no cell of a table. */
const SHORT = 8

const isScalar = (value: Json | undefined): value is Scalar | undefined => value === null || value === undefined || typeof value !== 'object'

function words(key: string): string {
  return named('col', key)
}

const has = (value: Fields, ...keys: string[]) => Object.keys(value).length === keys.length && keys.every(key => typeof value[key] === 'string' || typeof value[key] === 'number')
const isAmount = (value: Fields) => has(value, 'amount', 'unit') || has(value, 'amount', 'currency')
const isMonth = (value: Fields) => has(value, 'year', 'month')

/** An amount with its unit, a month, a path, a single value: what fits a cell. */
function isShort(value: Json | undefined): boolean {
  if (isScalar(value)) return true
  if (Array.isArray(value)) return value.length <= SHORT && value.every(isScalar)
  return isAmount(value) || isMonth(value)
}

function Short({ value }: { value: Json | undefined }): ReactNode {
  if (value === null || value === undefined) return '–'
  if (Array.isArray(value)) return value.length === 0 ? '–' : value.map((part, at) => <span key={at}>{at > 0 && ' › '}<Short value={part} /></span>)
  if (typeof value === 'object') {
    if (isMonth(value)) return `${String(value.year)}-${String(value.month).padStart(2, '0')}`
    return <><Short value={value.amount} /> <Short value={value.unit ?? value.currency} /></>
  }
  const text = String(value)
  if (STATES.has(text)) return named('key', text)
  if (!/^-?\d+\.\d+$/.test(text)) return scope(text) ?? text
  const decimals = Math.min(DECIMALS, text.length - 1 - text.indexOf('.'))
  return <span title={text}>{number(text, decimals)}</span>
}

const STATES = new Set(['measured', 'calculated', 'estimated', 'imputed', 'default', 'missing'])

/** Everything that an explanation says, in its order. It calculates nothing. */
function Part({ value }: { value: Json }): ReactNode {
  if (isShort(value)) return <Short value={value} />
  if (Array.isArray(value)) return <List rows={value} />
  return (
    <table>
      <tbody>{Object.entries(value as Fields).map(([key, part]) => <tr key={key}><th scope="row">{words(key)}</th><td><Part value={part} /></td></tr>)}</tbody>
    </table>
  )
}

function List({ rows }: { rows: Json[] }) {
  const [all, setAll] = useState(false)
  const objects = rows.filter((row): row is Fields => !isScalar(row) && !Array.isArray(row))
  const flat = objects.length === rows.length && objects.every(row => Object.values(row).every(isShort))
  const most = flat ? ROWS_SHOWN : PARTS_SHOWN
  const shown = all ? rows : rows.slice(0, most)
  const keys = flat ? [...new Set(objects.flatMap(row => Object.keys(row)))] : []
  return (
    <>
      {flat ? (
        <table>
          <thead><tr>{keys.map(key => <th key={key} scope="col">{words(key)}</th>)}</tr></thead>
          <tbody>{shown.map((row, at) => <tr key={at}>{keys.map(key => <td key={key}><Short value={(row as Fields)[key]} /></td>)}</tr>)}</tbody>
        </table>
      ) : (
        <ol>{shown.map((row, at) => <li key={at}>{Array.isArray(row) ? row.map((part, place) => <span key={place}>{place > 0 && ', '}{isShort(part) ? <Short value={part} /> : JSON.stringify(part)}</span>) : <Part value={row} />}</li>)}</ol>
      )}
      {!all && rows.length > most && <Button onClick={() => setAll(true)}>{t('rows_of', 1, most, rows.length)}</Button>}
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
      {data !== null && data !== undefined && <section className="panel scroll evidence" aria-label={t('evidence')} tabIndex={0} role="region" data-testid="evidence"><Part value={data} /></section>}
    </>
  )
}
