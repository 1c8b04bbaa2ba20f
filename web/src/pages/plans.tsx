import { Button } from '@ui5/webcomponents-react/Button'
import { MessageStrip } from '@ui5/webcomponents-react/MessageStrip'
import { useState } from 'react'
import type { Who } from '../api'
import { number } from '../format'
import { t } from '../i18n'
import { JobView, useJob } from '../jobs'
import { Approvals } from '../posting'
import { SheetView } from '../sheet'
import { Trouble } from '../trouble'
import { Standing } from '../window'

const KEYS = ['weight_carbon', 'weight_cost', 'weight_punctuality'] as const

export default function Plans({ who }: { who: Who }) {
  const [seconds, setSeconds] = useState(12)
  const [weights, setWeights] = useState([40, 30, 30])
  const [front, setFront] = useState(false)
  const [cap, setCap] = useState('')
  const { job, error, busy, begin } = useJob(done => {
    if (done.result) window.location.hash = `#/plan/${done.result}`
  })
  const sum = weights.reduce((all, one) => all + one, 0)
  return (
    <>
      <h1>{t('plans')}</h1>
      {who.roles.includes('planner') && (
        <section className="panel" aria-label={t('make_plan')}>
          <h2>{t('make_plan')}</h2>
          <div className="tiles">
            {KEYS.map((key, at) => (
              <div className="field" key={key}>
                <label htmlFor={key}>{t(key)}: {number((weights[at] ?? 0) / 100, 2)}</label>
                <input id={key} type="range" min={0} max={100} step={5} value={weights[at] ?? 0} onChange={event => { const value = Number(event.target.value); setWeights(before => before.map((old, place) => (place === at ? value : old))) }} />
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
          <div className="bar"><Button design="Emphasized" disabled={busy || sum !== 100} data-testid="start-plan" onClick={() => void begin('/plans', { seconds, front, weights: weights.map(weight => weight / 100), ...(cap === '' ? {} : { carbon_cap_kg: Number(cap) }) })}>{t('start')}</Button></div>
          <JobView job={job} stop={t('stop_keep')} />
          <Trouble error={error} />
        </section>
      )}
      <Standing mayUndo={who.roles.includes('planner')} />
      <Approvals who={who} />
      <SheetView name="plans" title={t('plans')} open={row => <a href={`#/plan/${row.plan}`}>{t('open_plan')}</a>} />
      <SheetView name="change-sets" title={t('change_sets')} />
      <SheetView name="planned-orders" title={t('col_planned_order')} limit={100} />
    </>
  )
}
