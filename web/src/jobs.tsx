// Long work: what runs, how far it is, and what came of what this page began.
import { Button } from '@ui5/webcomponents-react/Button'
import { BusyIndicator } from '@ui5/webcomponents-react/BusyIndicator'
import { MessageStrip } from '@ui5/webcomponents-react/MessageStrip'
import { useCallback, useState } from 'react'
import { ApiError, get, post, type Job } from './api'
import { useEvents } from './events'
import { number } from './format'
import { t } from './i18n'
import { sayOr } from './said'
import { Trouble } from './trouble'

/** Begins a job, follows it, and calls `done` with its result. */
export function useJob(done: (job: Job) => void) {
  const [job, setJob] = useState<Job>()
  const [error, setError] = useState<ApiError>()
  const hear = (told: Job) =>
    setJob(mine => {
      if (!mine || mine.id !== told.id || mine.state === 'done' || mine.state === 'failed') return mine
      if (told.state === 'done') queueMicrotask(() => done(told))
      return told
    })
  // It may have ended before anybody listened, or while the stream was lost.
  const ask = (id: number) => void get<Job>(`/jobs/${id}`).then(hear, () => undefined)
  useEvents((kind, data) => {
    if (kind === 'job') hear(data as Job)
    if (kind === 'anew' && job) ask(job.id)
  })
  const begin = useCallback(async (path: string, body?: unknown) => {
    setError(undefined)
    try {
      const begun = await post<Job>(path, body)
      setJob(begun)
      ask(begun.id)
    } catch (reason) {
      setError(reason as ApiError)
    }
  }, [])
  const busy = job !== undefined && (job.state === 'waiting' || job.state === 'running')
  return { job, error, setError, busy, begin }
}

/** `stop` says on its button what stopping does; without it a job cannot be stopped here. */
export function JobView({ job, stop }: { job: Job | undefined; stop?: string }) {
  const [stopping, setStopping] = useState(false)
  if (!job) return null
  if (job.state === 'failed') return <MessageStrip design="Negative" hideCloseButton>{t(`job_${job.kind}`)}: {sayOr(job.said, job.text)}</MessageStrip>
  if (job.state === 'done') return <MessageStrip design="Positive" hideCloseButton>{t(`job_${job.kind}`)}: {t('state_done')} {job.result?.slice(0, 16)}</MessageStrip>
  return (
    <div className="bar" aria-live="polite" data-testid="job">
      <BusyIndicator active size="S" text={t('loading')} />
      <span>{t(`job_${job.kind}`)}: {t(`state_${job.state}`)}. {sayOr(job.said, job.text)}</span>
      {job.best_fv !== undefined && <strong>{t('best_so_far')}: {number(job.best_fv, 4)}</strong>}
      {stop && job.state === 'running' && (
        <Button
          disabled={stopping}
          onClick={() => {
            setStopping(true)
            post(`/jobs/${job.id}/stop`).catch(() => setStopping(false))
          }}
        >
          {stopping ? t('stopping') : stop}
        </Button>
      )}
    </div>
  )
}

export { Trouble }
