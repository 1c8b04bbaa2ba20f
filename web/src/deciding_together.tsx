// Several findings that were chosen: decided alike, all of them or none.
import { Button } from '@ui5/webcomponents-react/Button'
import { Input } from '@ui5/webcomponents-react/Input'
import { Label } from '@ui5/webcomponents-react/Label'
import { useState } from 'react'
import { ApiError, post, type Decision, type FindingPage } from './api'
import { t } from './i18n'
import { Trouble } from './trouble'

export function DecidingTogether({ findings, done }: { findings: string[]; done: () => void }) {
  const [refused, setRefused] = useState<ApiError>()
  const [busy, setBusy] = useState(false)
  const [why, setWhy] = useState('')
  const [whom, setWhom] = useState('')
  const decide = async (decision: Decision) => {
    setRefused(undefined)
    setBusy(true)
    try {
      await post<FindingPage[]>('/findings', { findings, decision })
      done()
    } catch (reason) {
      setRefused(reason as ApiError)
    } finally {
      setBusy(false)
    }
  }
  const table = (form: 'csv' | 'xlsx') => window.location.assign(`./api/v1/tables/right-readings/${form}?of=${findings.join(',')}`)
  return (
    <section className="panel" aria-label={t('chosen', findings.length)} data-testid="together">
      <h2 aria-live="polite">{t('chosen', findings.length)}</h2>
      <div className="bar">
        <div className="field"><Label for="whom-all">{t('whom')}</Label><Input id="whom-all" accessibleName={t('whom')} value={whom} onInput={event => setWhom(event.target.value)} /></div>
        <Button disabled={busy || !whom.trim()} onClick={() => void decide({ ask: { whom } })}>{t('note_asked')}</Button>
      </div>
      <div className="bar">
        <div className="field"><Label for="why-all">{t('decide_why')}</Label><Input id="why-all" accessibleName={t('decide_why')} value={why} onInput={event => setWhy(event.target.value)} /></div>
        <Button icon="accept" data-testid="accept-all" disabled={busy || !why.trim()} onClick={() => void decide({ accept: { why } })}>{t('readings_right')}</Button>
      </div>
      <div className="bar">
        <span>{t('right_readings_form')}</span>
        <Button icon="download" accessibleName={`${t('export_xlsx')}: ${t('right_readings_form')}`} onClick={() => table('xlsx')}>{t('export_xlsx')}</Button>
        <Button icon="download" accessibleName={`${t('export_csv')}: ${t('right_readings_form')}`} onClick={() => table('csv')}>{t('export_csv')}</Button>
        <span className="grow" />
        <Button design="Transparent" onClick={done}>{t('choose_none')}</Button>
      </div>
      <Trouble error={refused} />
    </section>
  )
}
