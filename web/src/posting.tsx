// Simulate, ask, approve, post: the same for a plan and for a month.
import { Button } from '@ui5/webcomponents-react/Button'
import { Dialog } from '@ui5/webcomponents-react/Dialog'
import { Input } from '@ui5/webcomponents-react/Input'
import { Label } from '@ui5/webcomponents-react/Label'
import { MessageStrip } from '@ui5/webcomponents-react/MessageStrip'
import { useState } from 'react'
import { ApiError, get, post, type Asked, type Simulation, type Sheet, type Subject, type Who } from './api'
import { useEvents } from './events'
import { t } from './i18n'
import { JobView, useJob } from './jobs'
import { useLoad } from './load'
import { sayOr } from './said'
import { Trouble } from './trouble'
import { ChangeSetView } from './window'

export function PostingBar({ subject, who, may }: { subject: Subject; who: Who; may: boolean }) {
  const [simulated, setSimulated] = useState<Simulation>()
  const [error, setError] = useState<ApiError>()
  const [why, setWhy] = useState('')
  const [improbableWhy, setImprobableWhy] = useState('')
  const [asked, setAsked] = useState<Asked>()
  const [posted, setPosted] = useState<string>()
  const { job, error: refused, busy, begin } = useJob(done => setPosted(done.result))
  const wish = () => ({ subject, accept_incomplete: why || undefined, override: improbableWhy || undefined })
  const attempt = async (work: () => Promise<void>) => {
    setError(undefined)
    try {
      await work()
    } catch (reason) {
      setError(reason as ApiError)
    }
  }
  const refusedFor = (code: string) => [error, refused].some(one => one?.problem.code === code) || job?.text.includes(code)
  const incomplete = refusedFor('POST-INCOMPLETE') || why !== ''
  const improbable = refusedFor('POST-IMPROBABLE') || improbableWhy !== ''
  return (
    <>
      {may && (
        <div className="bar">
          <Button icon="simulate" onClick={() => void attempt(async () => setSimulated(await post<Simulation>('/postings/simulate', wish())))}>{t('simulate')}</Button>
          {who.four_eyes
            ? <Button design="Emphasized" onClick={() => void attempt(async () => setAsked(await post<Asked>('/requests', wish())))}>{t('ask_approval')}</Button>
            : <Button design="Emphasized" icon="upload-to-cloud" disabled={busy} onClick={() => void begin('/postings', wish())}>{t('post')}</Button>}
          {incomplete && (
            <div className="field"><Label for="why">{t('accept_why')}</Label><Input id="why" value={why} onInput={event => setWhy(event.target.value)} /></div>
          )}
          {improbable && (
            <div className="field"><Label for="improbable">{t('improbable_why')}</Label><Input id="improbable" value={improbableWhy} onInput={event => setImprobableWhy(event.target.value)} /></div>
          )}
        </div>
      )}
      <JobView job={job} stop={may ? t('stop_take_back') : undefined} />
      <Trouble error={error ?? refused} />
      {asked && <MessageStrip design="Information" hideCloseButton>{asked.request}: {sayOr(asked.purpose_said, asked.purpose)}. {t('approvals')}: {t('state_waiting')}</MessageStrip>}
      {posted && <ChangeSetView id={posted} mayUndo={may} />}
      <Dialog open={simulated !== undefined} headerText={t('simulate')} onClose={() => setSimulated(undefined)} footer={<div className="bar"><Button onClick={() => setSimulated(undefined)}>{t('close')}</Button></div>}>
        <div className="dialog" tabIndex={0} role="region" aria-label={t('simulate')}>
          <p>{t('documents_would', simulated?.documents.length ?? 0, simulated?.documents_max ?? 0)}</p>
          <ol>{simulated?.documents.map(document => <li key={document.item}>{sayOr(document.said, document.title)} <small>[{document.key}]</small></li>)}</ol>
        </div>
      </Dialog>
    </>
  )
}

/** What waits for a second person. Who approves sees exactly what will be posted. */
export function Approvals({ who }: { who: Who }) {
  const { data, error, again } = useLoad('requests', () => get<Sheet>('/tables/requests'))
  useEvents(kind => {
    if (kind !== 'job') again()
  })
  const at = (key: string) => data?.columns.findIndex(column => column.key === key) ?? -1
  const rows = (data?.rows ?? []).filter(row => !row[at('posted_as')])
  if (rows.length === 0) return <Trouble error={error} again={again} />
  return (
    <section className="panel" aria-label={t('approvals')} data-testid="approvals">
      <h2>{t('approvals')}</h2>
      {rows.map(row => <Approval key={row[at('request')]} who={who} request={row[at('request')] ?? ''} purpose={sayOr(data?.said?.[row[at('purpose')] ?? ''], row[at('purpose')] ?? '')} by={row[at('requested_by')] ?? ''} approved={row[at('approved_by')] ?? ''} documents={row[at('documents')] ?? ''} hash={row[at('hash')] ?? ''} again={again} />)}
    </section>
  )
}

function Approval({ who, request, purpose, by, approved, documents, hash, again }: { who: Who; request: string; purpose: string; by: string; approved: string; documents: string; hash: string; again: () => void }) {
  const [error, setError] = useState<ApiError>()
  const { job, error: refused, busy, begin } = useJob(again)
  const decides = who.roles.includes('planner') || who.roles.includes('finance')
  return (
    <div>
      <div className="bar">
        <span><strong>{request}</strong> {purpose}; {documents} {t('items')}; {t('requested_by')} {by}{approved && `; ${t('approved_by')} ${approved}`}</span>
        {decides && !approved && (
          <Button design="Positive" icon="accept" disabled={by === who.user} tooltip={`${t('approve_what')}: SHA-256 ${hash}`}
            onClick={() => void post(`/requests/${request}/approve`, { hash }).then(again, (reason: unknown) => setError(reason as ApiError))}>{t('approve')}</Button>
        )}
        {decides && approved && <Button design="Emphasized" disabled={busy} onClick={() => void begin(`/requests/${request}/post`)}>{t('post_approved')}</Button>}
      </div>
      <JobView job={job} stop={decides ? t('stop_take_back') : undefined} />
      <Trouble error={error ?? refused} again={() => { setError(undefined); again() }} />
    </div>
  )
}
