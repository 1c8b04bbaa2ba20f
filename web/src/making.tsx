// A plan is made: weights as sliders, time, a cap on carbon; from the list, or from a plan on.
import { Button } from '@ui5/webcomponents-react/Button'
import { MessageStrip } from '@ui5/webcomponents-react/MessageStrip'
import { useState } from 'react'
import { number } from './format'
import { t } from './i18n'
import { JobView, useJob } from './jobs'
import { Trouble } from './trouble'

const KEYS = ['weight_carbon', 'weight_cost', 'weight_punctuality'] as const

/** Whole hundredths that sum to one hundred, as near to the weights as can be. */
function hundredths(weights: readonly number[]): number[] {
  const whole = weights.map(weight => Math.round(100 * weight))
  const largest = whole.indexOf(Math.max(...whole))
  return whole.map((one, at) => (at === largest ? one + 100 - whole.reduce((all, each) => all + each, 0) : one))
}

export function MakePlan({ title, note, weights: given, alike = false }: { title: string; note?: string; weights: readonly number[]; alike?: boolean }) {
  const [seconds, setSeconds] = useState(12)
  const [weights, setWeights] = useState(() => hundredths(given))
  const [front, setFront] = useState(alike)
  const [cap, setCap] = useState('')
  const { job, error, busy, begin } = useJob(done => {
    if (done.result) window.location.hash = `#/plan/${done.result}`
  })
  const sum = weights.reduce((all, one) => all + one, 0)
  const wish = () => ({ seconds, front, weights: weights.map(weight => weight / 100), ...(cap === '' ? {} : { carbon_cap_kg: Number(cap) }) })
  return (
    <section className="panel" aria-label={title} data-testid="make-plan">
      <h2>{title}</h2>
      {note && <p>{note}</p>}
      <div className="tiles">
        {KEYS.map((key, at) => (
          <div className="field" key={key}>
            <label htmlFor={key}>{t(key)}: {number((weights[at] ?? 0) / 100, 2)}</label>
            <input id={key} type="range" min={0} max={100} step={1} value={weights[at] ?? 0} onChange={event => { const value = Number(event.target.value); setWeights(before => before.map((old, place) => (place === at ? value : old))) }} />
          </div>
        ))}
        <div className="field">
          <label htmlFor="seconds">{t('seconds')}</label>
          <input id="seconds" type="number" min={1} max={3600} value={seconds} onChange={event => setSeconds(Number(event.target.value))} />
        </div>
        <div className="field">
          <label htmlFor="cap">{t('carbon_cap')}</label>
          <input id="cap" type="number" min={0} value={cap} onChange={event => setCap(event.target.value)} />
        </div>
        <div className="field">
          <label htmlFor="front">{t('look_for_others')}</label>
          <input id="front" type="checkbox" checked={front} onChange={event => setFront(event.target.checked)} />
        </div>
      </div>
      {sum !== 100 && <MessageStrip design="Critical" hideCloseButton>{t('weights_sum', number(sum / 100, 2))}</MessageStrip>}
      <div className="bar"><Button design="Emphasized" disabled={busy || sum !== 100} data-testid="start-plan" onClick={() => void begin('/plans', wish())}>{t('start')}</Button></div>
      <JobView job={job} stop={t('stop_keep')} />
      <Trouble error={error} />
    </section>
  )
}
