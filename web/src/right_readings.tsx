// A table of right readings: looked at first, then kept whole or not at all.
import { Button } from '@ui5/webcomponents-react/Button'
import { Input } from '@ui5/webcomponents-react/Input'
import { Label } from '@ui5/webcomponents-react/Label'
import { useRef, useState } from 'react'
import { ApiError, send, type RightReadings } from './api'
import { instant, number } from './format'
import { t } from './i18n'
import { Trouble } from './trouble'

export function RightReadingsUpload() {
  const [file, setFile] = useState<File>()
  const [why, setWhy] = useState('')
  const [seen, setSeen] = useState<RightReadings>()
  const [refused, setRefused] = useState<ApiError>()
  const [busy, setBusy] = useState(false)
  const chooser = useRef<HTMLInputElement>(null)
  // What was looked at is no longer what would be sent.
  const forget = () => {
    setSeen(undefined)
    setRefused(undefined)
  }
  const go = async (content: File, keep?: string) => {
    forget()
    setBusy(true)
    const query = new URLSearchParams({ file: content.name })
    if (why.trim()) query.set('why', why.trim())
    if (keep) query.set('keep', keep)
    try {
      const answer = await send<RightReadings>(`/readings/right?${query.toString()}`, content)
      setSeen(answer)
      if (answer.kept) {
        setFile(undefined)
        if (chooser.current) chooser.current.value = ''
      }
    } catch (reason) {
      setRefused(reason as ApiError)
    } finally {
      setBusy(false)
    }
  }
  return (
    <section className="panel" aria-labelledby="right-readings-title" data-testid="right-readings">
      <h2 id="right-readings-title">{t('right_readings')}</h2>
      <p>{t('right_readings_how')}</p>
      <div className="bar">
        <Button icon="download" onClick={() => window.location.assign('./api/v1/tables/right-readings/xlsx')}>{t('right_readings_all')}</Button>
      </div>
      <div className="bar">
        <div className="field">
          <label htmlFor="right-readings-file">{t('right_readings_file')}</label>
          <input id="right-readings-file" ref={chooser} type="file" accept=".xlsx,.csv" onChange={event => { forget(); setFile(event.target.files?.[0]) }} />
        </div>
        <div className="field"><Label for="right-readings-why">{t('decide_why')}</Label><Input id="right-readings-why" accessibleName={t('decide_why')} value={why} onInput={event => { forget(); setWhy(event.target.value) }} /></div>
        <Button data-testid="look" disabled={busy || !file} onClick={() => file && void go(file)}>{t('look_at_it')}</Button>
        {file && seen && seen.problems_total === 0 && <Button design="Emphasized" data-testid="keep" disabled={busy} onClick={() => void go(file, seen.hash)}>{t('keep_it', seen.findings.length)}</Button>}
      </div>
      <div aria-live="polite">
        <Trouble error={refused} />
        {seen?.kept && <p className="status good"><span aria-hidden="true">✓ </span>{t('kept', seen.findings.length)}</p>}
        {seen && seen.problems_total > 0 && <p className="status bad"><span aria-hidden="true">✕ </span>{t('rows_wrong', seen.problems_total)}</p>}
      </div>
      {seen && seen.problems.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label={t('rows_wrong', seen.problems_total)}>
          <table>
            <thead><tr><th scope="col" className="number">{t('file_row')}</th><th scope="col">{t('file_column')}</th><th scope="col">{t('what')}</th><th scope="col">{t('col_proposal')}</th></tr></thead>
            <tbody>
              {seen.problems.map(one => <tr key={`${one.row} ${one.column} ${one.what}`}><td className="number">{number(one.row)}</td><td>{one.column}</td><td className="long">{one.what}</td><td className="long">{one.todo}</td></tr>)}
            </tbody>
          </table>
        </div>
      )}
      {seen && seen.findings.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label={t('right_readings')}>
          <table>
            <thead><tr><th scope="col">{t('finding')}</th><th scope="col">{t('col_meter')}</th><th scope="col">{t('col_from')}</th><th scope="col">{t('col_to')}</th><th scope="col" className="number">{t('intervals')}</th><th scope="col" className="number">{t('without_reading')}</th><th scope="col" className="number">{t('col_before')} [kWh]</th><th scope="col" className="number">{t('col_after')} [kWh]</th></tr></thead>
            <tbody>
              {seen.findings.map(one => (
                <tr key={one.finding}>
                  <td>{one.rule} {one.finding}</td><td>{one.meter}</td><td className="short">{one.from && instant(one.from)}</td><td className="short">{one.to && instant(one.to)}</td>
                  <td className="number">{number(one.intervals)}</td><td className="number">{number(one.gaps)}</td><td className="number">{number(one.before_kwh, 3)}</td><td className="number">{number(one.after_kwh, 3)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}
