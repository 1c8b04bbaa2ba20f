// One finding: what happened to it, and what somebody decides.
import { Button } from '@ui5/webcomponents-react/Button'
import { Input } from '@ui5/webcomponents-react/Input'
import { Label } from '@ui5/webcomponents-react/Label'
import { useEffect, useRef, useState } from 'react'
import { ApiError, get, post, type Decision, type FindingPage } from './api'
import { instant, number } from './format'
import { named, t } from './i18n'
import { useLoad } from './load'
import { sayOr } from './said'
import { Status } from './sheet'
import { Trouble } from './trouble'

export function Deciding({ finding, may, close }: { finding: string; may: boolean; close: () => void }) {
  const path = `/findings/${finding}`
  const { data, error, again } = useLoad(path, () => get<FindingPage>(path))
  const [refused, setRefused] = useState<ApiError>()
  const [busy, setBusy] = useState(false)
  const [why, setWhy] = useState('')
  const [whom, setWhom] = useState('')
  const [kwh, setKwh] = useState('')
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => title.current?.focus(), [])
  const decide = async (decision: Decision) => {
    setRefused(undefined)
    setBusy(true)
    try {
      await post<FindingPage>(path, decision)
      again()
    } catch (reason) {
      setRefused(reason as ApiError)
    } finally {
      setBusy(false)
    }
  }
  return (
    <section className="panel" aria-label={t('finding')} data-testid="finding">
      <h2 ref={title} tabIndex={-1}>{t('finding')} {finding} {data && <Status value={data.state} />}</h2>
      <Trouble error={error} again={again} />
      {data && (
        <>
          <p><b>{data.rule} {data.subject}</b>{data.from && data.to && <> · {instant(data.from)} – {instant(data.to)}</>}</p>
          <p>{sayOr(data.said, data.text)}</p>
          {data.proposal && <p>{t('col_proposal')}: {sayOr(data.proposal_said, data.proposal)}</p>}
          {data.due && data.waits && <p>{t('decide_until', instant(data.due))}</p>}
          <ol>
            {data.events.map(event => (
              <li key={`${event.at}-${event.what}`}>
                {instant(event.at)} {event.who}: {named('key', event.what)}
                {event.after_kwh !== null && ` ${number(event.before_kwh ?? '', 3)} → ${number(event.after_kwh, 3)} kWh`}
                {event.text && ` – ${sayOr(event.said, event.text)}`}
              </li>
            ))}
          </ol>
          {may && data.waits && (
            <>
              <div className="bar">
                <div className="field"><Label for="whom">{t('whom')}</Label><Input id="whom" accessibleName={t('whom')} value={whom} onInput={event => setWhom(event.target.value)} /></div>
                <Button disabled={busy || !whom} onClick={() => void decide({ ask: { whom } })}>{t('note_asked')}</Button>
              </div>
              <div className="bar">
                <div className="field"><Label for="decide-why">{t('decide_why')}</Label><Input id="decide-why" accessibleName={t('decide_why')} value={why} onInput={event => setWhy(event.target.value)} /></div>
                <Button icon="accept" disabled={busy || !why} onClick={() => void decide({ accept: { why } })}>{t('readings_right')}</Button>
                {data.from && (
                  <>
                    <div className="field"><Label for="kwh">{t('right_kwh')}</Label><Input id="kwh" accessibleName={t('right_kwh')} value={kwh} onInput={event => setKwh(event.target.value)} /></div>
                    <Button icon="edit" disabled={busy || !why || !kwh} onClick={() => void decide({ correct: { kwh: kwh.split(/[\s;]+/).filter(Boolean), why } })}>{t('correct')}</Button>
                  </>
                )}
              </div>
            </>
          )}
          <Trouble error={refused} />
        </>
      )}
      <div className="bar"><span className="grow" /><Button onClick={close}>{t('close')}</Button></div>
    </section>
  )
}
