// The window in which a change set can be taken back: counted down by the clock of the server.
import { Button } from '@ui5/webcomponents-react/Button'
import { Dialog } from '@ui5/webcomponents-react/Dialog'
import { MessageStrip } from '@ui5/webcomponents-react/MessageStrip'
import { useEffect, useState } from 'react'
import { get, type ChangeSetPage, type Overview } from './api'
import { useEvents } from './events'
import { instant, number } from './format'
import { named, t } from './i18n'
import { JobView, useJob } from './jobs'
import { useLoad } from './load'
import { said, sayOr } from './said'
import { Status } from './sheet'
import { Trouble } from './trouble'

function clock(seconds: number): string {
  const left = Math.max(0, Math.ceil(seconds))
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`
}

/** Seconds until `ends`, by the clock of the server. */
export function useCountdown(ends: string | null, serverTime: string | undefined): number | undefined {
  const [offset, setOffset] = useState(0)
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    if (serverTime) setOffset(new Date(serverTime).getTime() - Date.now())
  }, [serverTime])
  useEffect(() => {
    if (!ends) return
    const tick = setInterval(() => setNow(Date.now()), 250)
    return () => clearInterval(tick)
  }, [ends])
  return ends ? (new Date(ends).getTime() - (now + offset)) / 1000 : undefined
}

export function ChangeSetView({ id, mayUndo }: { id: string; mayUndo: boolean }) {
  const { data, error, again } = useLoad(`set-${id}`, () => get<ChangeSetPage>(`/change-sets/${id}`))
  const [asking, setAsking] = useState(false)
  const { job, error: refused, setError, busy, begin } = useJob(again)
  useEvents((kind, told) => {
    const of = (told as { change_set_id?: string }).change_set_id
    // What its deletions become is another change set.
    if (kind === 'anew' || (kind === 'change_set' && (of === id || data?.deletions))) again()
  })
  const left = useCountdown(data?.phase === 'OPEN' ? data.ends : null, data?.server_time)
  if (!data) return <Trouble error={error} again={again} />
  const open = data.phase === 'OPEN' && left !== undefined && left > 0
  return (
    <section className="panel" aria-label={`${t('col_change_set')} ${id}`} data-testid="change-set">
      <div className="countdown">
        <strong>{id}</strong> <Status value={data.phase} /> <span>{sayOr(data.purpose_said, data.purpose)}</span>
        {open && (
          <>
            <span>{t('window_open')}</span>
            <time role="timer" data-testid="countdown">{clock(left)}</time>
            {mayUndo && <Button design="Attention" icon="undo" disabled={busy} onClick={() => setAsking(true)}>{t('take_back')}</Button>}
          </>
        )}
        {data.phase === 'CONFIRMED' && <span>{t('window_closed')}</span>}
      </div>
      {data.reason && <MessageStrip design="Critical" hideCloseButton>{sayOr(data.reason_said, data.reason)}</MessageStrip>}
      {data.deletions && <Deletions of={data.deletions} ends={data.ends} />}
      <JobView job={job} />
      <Trouble error={refused} again={() => { setError(undefined); again() }} />
      <details open={data.items.length <= 5}>
        <summary>{number(data.items.length)} {t('items')}</summary>
      <div className="scroll" tabIndex={0} role="region" aria-label={t('items')}>
        <table>
          <thead><tr><th scope="col">#</th><th scope="col">{t('document')}</th><th scope="col">{t('what')}</th><th scope="col">{t('col_phase')}</th><th scope="col">{t('col_reversed_by')}</th></tr></thead>
          <tbody>
            {data.items.map(item => (
              <tr key={item.item}>
                <td className="number">{item.item}</td><td>{item.number ?? '–'}</td><td>{sayOr(item.said, item.title)}</td><td>{named('item', item.state)}</td><td>{item.reversal ?? '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      </details>
      {data.items.filter(item => item.conflict || item.message).map(item => (
        <div key={item.item} role="note">
          <h3>{item.item}: {item.conflict ? t('conflict') : ''} {item.conflict?.what} {item.message}</h3>
          {item.conflict && (
            <table>
              <thead><tr><th scope="col">{t('field')}</th><th scope="col">{t('before')}</th><th scope="col">{t('ours')}</th><th scope="col">{t('now')}</th></tr></thead>
              <tbody>{item.conflict.fields.map(row => <tr key={row[0]}>{row.map((text, at) => <td key={at}>{text || '–'}</td>)}</tr>)}</tbody>
            </table>
          )}
        </div>
      ))}
      <Dialog open={asking} headerText={`${t('take_back')} ${id}`} onClose={() => setAsking(false)}
        footer={
          <div className="bar">
            <Button design="Attention" data-testid="confirm-undo" onClick={() => { setAsking(false); void begin(`/change-sets/${id}/undo`, { phase: data.phase }) }}>{t('take_back')}</Button>
            <Button onClick={() => setAsking(false)}>{t('cancel')}</Button>
          </div>
        }>
        <div className="dialog" tabIndex={0} role="region" aria-label={t('take_back_what')}><p>{t('take_back_what')}</p>{data.deletions && <Deletions of={data.deletions} ends={data.ends} />}<ol reversed>{[...data.items].reverse().map(item => <li key={item.item}>{item.number} {sayOr(item.said, item.title)}</li>)}</ol></div>
      </Dialog>
    </section>
  )
}

/** Planned orders that are deleted only once the window has closed: when, or what became of it. */
function Deletions({ of, ends }: { of: NonNullable<ChangeSetPage['deletions']>; ends: string | null }) {
  const count = number(of.titles.length)
  const text = {
    waiting: () => t('deletions_waiting', count, instant(ends)),
    due: () => t('deletions_due', count),
    became: () => t('deletions_became', count, of.became ?? ''),
    dropped: () => t('deletions_dropped', count),
  }[of.state]()
  return (
    <div role="note" data-testid="deletions">
      <p>{text}</p>
      <ul>{of.titles_said.map(one => <li key={one.text}>{said(one)}</li>)}</ul>
    </div>
  )
}

/** Every change set whose window is open or that needs a person. */
export function Standing({ mayUndo }: { mayUndo: boolean }) {
  const { data, again } = useLoad('overview', () => get<Overview>('/overview'))
  useEvents(kind => {
    if (kind !== 'job') again()
  })
  return data?.standing.map(set => <ChangeSetView key={set.change_set} id={set.change_set} mayUndo={mayUndo} />)
}
