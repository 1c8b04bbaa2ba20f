import { Button } from '@ui5/webcomponents-react/Button'
import { MessageStrip } from '@ui5/webcomponents-react/MessageStrip'
import { useCallback } from 'react'
import { get, post, type Overview as Data, type Sheet, type Who } from '../api'
import { Chart, type Colors } from '../chart'
import { useEvents } from '../events'
import { change, instant, number, percent, tick } from '../format'
import { t } from '../i18n'
import { useLoad } from '../load'
import { Approvals } from '../posting'
import { sayOr } from '../said'
import { SheetView, Status } from '../sheet'
import { Trouble } from '../trouble'
import { Standing } from '../window'

export default function Overview({ who }: { who: Who }) {
  const { data, error, again } = useLoad('overview', () => get<Data>('/overview'))
  const plans = useLoad('last-plan', () => get<Sheet>('/tables/plans?limit=1'))
  useEvents((kind, told) => {
    if (kind === 'job' && !(told as { ended?: string }).ended) return
    again()
    plans.again()
  })
  const days = data?.days
  const option = useCallback(
    (colors: Colors) => ({
      grid: { left: 70, right: 20, top: 30, bottom: 40 },
      tooltip: { trigger: 'axis', valueFormatter: (value: number | null) => (value === null ? '–' : `${number(value)} kWh`) },
      xAxis: { type: 'category', data: days?.map(day => day.day.slice(8)), axisLabel: { color: colors.text } },
      yAxis: { type: 'value', name: 'kWh', nameTextStyle: { color: colors.text }, axisLabel: { color: colors.text, formatter: tick }, splitLine: { lineStyle: { color: colors.border } } },
      series: [{ type: 'bar', data: days?.map(day => ({ value: day.energy_kwh === null ? null : Number(day.energy_kwh), itemStyle: { color: day.imputed ? colors.ordered[1] : colors.ordered[0] } })) }],
    }),
    [days],
  )
  if (!data) return <><h1>{t('overview')}</h1><Trouble error={error} again={again} /></>
  const persons = [
    data.held_findings > 0 && t('held', data.held_findings),
    data.gaps > 0 && t('gaps', data.gaps),
    data.problems > 0 && t('problems', data.problems),
    data.waiting > 0 && t('waiting', data.waiting),
  ].filter((text): text is string => Boolean(text))
  return (
    <>
      <h1>{t('overview')} {data.plant}, {data.period}</h1>
      <Trouble error={error} again={again} />
      {data.collect_failed && <MessageStrip design="Critical" hideCloseButton>{sayOr(data.collect_failed_said, data.collect_failed)}</MessageStrip>}
      <div className="tiles">
        {data.latest && (
          <div className="tile" data-testid="latest">
            <span>{t('latest')}</span><span className="big">{number(data.latest.energy_kwh)}</span><span className="unit">kWh</span>
            <p>{number(data.latest.carbon_kg)} kg CO₂e; {t('latest_until', instant(data.latest.until))}{data.latest.gaps > 0 && <><br /><span className="warn">! {t('latest_gaps', data.latest.gaps)}</span></>}</p>
          </div>
        )}
        <div className="tile"><span>{t('energy')}, {data.period}</span><span className="big">{number(data.energy_kwh)}</span><span className="unit">kWh</span></div>
        <div className="tile"><span>{t('scope_1')}, {data.period}</span><span className="big">{number(Number(data.scope_1_kg) / 1000, 1)}</span><span className="unit">t CO₂e</span></div>
        <div className="tile"><span>{t('scope_2')}, {data.period}</span><span className="big">{number(Number(data.scope_2_kg) / 1000, 1)}</span><span className="unit">t CO₂e</span></div>
        <div className="tile"><span>{t('facts_read')}</span><span className="big" style={{ fontSize: '1rem' }}>{instant(data.facts_read)}</span><Button icon="synchronize" onClick={() => void post('/collect').catch(again)}>{t('read_now')}</Button></div>
      </div>
      {plans.data && <LastPlan plans={plans.data} />}
      <section className="panel" aria-label={t('needs_person')}>
        <h2>{t('needs_person')}</h2>
        {persons.length === 0 && data.standing.length === 0 ? <p>{t('nothing_waits')}</p> : <ul>{persons.map(text => <li key={text}>{text}</li>)}</ul>}
      </section>
      <Standing mayUndo={who.roles.includes('planner') || who.roles.includes('finance')} />
      <Approvals who={who} />
      <section className="panel" aria-label={t('budget_title')}>
        <h2>{t('budget_title')}</h2>
        <p className="key" aria-hidden="true">
          <i className="used" /> {t('emitted')} <i className="mark target" /> {t('target')} <i className="mark" /> {t('budget')} <i className="mark projected" /> {t('projected')}
        </p>
        {data.budgets.map(budget => {
          const [most, emitted] = [Number(budget.budget_kg), Number(budget.emitted_kg)]
          const [projected, target] = [Number(budget.projected_kg ?? 0), Number(budget.target_kg)]
          const scale = Math.max(most, emitted, projected, target) * 1.05 || 1
          const over = Math.max(emitted, projected) > most
          const share = (value: number) => `${(100 * value) / scale}%`
          return (
            <div key={budget.quarter}>
              <div className="bar">
                <strong>{budget.quarter}</strong>
                <span className={over ? 'bad' : 'good'}>{over ? `! ${t('over_budget')}` : `✓ ${t('in_budget')}`}</span>
                {!over && Math.max(emitted, projected) > target && <span>{t('above_target')}</span>}
                {projected > most && <span className="bad">{t('overshoot', percent(projected / most - 1))}</span>}
                <span>{t('left')} {number(Number(budget.left_kg) / 1000, 1)} t; {t('emitted')} {number(emitted / 1000, 1)} t; {t('target')} {number(target / 1000, 1)} t; {t('budget')} {number(most / 1000, 1)} t; {t('projected')} {budget.projected_kg ? `${number(projected / 1000, 1)} t` : '–'}</span>
              </div>
              <div className="bullet" aria-hidden="true">
                <div className={`used ${over ? 'over' : ''}`} style={{ width: share(emitted) }} />
                <div className="mark" style={{ left: share(most) }} />
                <div className="mark target" style={{ left: share(target) }} />
                {budget.projected_kg && <div className="mark projected" style={{ left: share(projected) }} />}
              </div>
            </div>
          )
        })}
      </section>
      <section className="panel" aria-label={t('energy_by_day')}><h2>{t('energy_by_day')}, kWh</h2><Chart label={t('energy_by_day')} height={220} option={option} test="energy-days" /></section>
      {data.jobs.length > 0 && <section className="panel" aria-label={t('last_jobs')}>
        <h2>{t('last_jobs')}</h2>
        <ul>{data.jobs.map(job => <li key={job.id}>{instant(job.asked)} {t(`job_${job.kind}`)} {t('by', job.by)}: <Status value={job.state} /> {sayOr(job.said, job.text)}</li>)}</ul>
      </section>}
      <SheetView name="energy-days" title={t('energy_by_day')} limit={31} />
      <SheetView name="budgets" title={t('budget_title')} />
      <SheetView name="inventory" title={t('inventory')} limit={20} />
      <SheetView name="products" title={t('products')} open={row => <a href={`#/explain/${row.material}`}>{t('explain')}</a>} />
      <SheetView name="footprint-snapshots" title={t('footprint_snapshots')} limit={20} />
    </>
  )
}

/** The plan that was made last, against what the plant would do without it. */
function LastPlan({ plans }: { plans: Sheet }) {
  const cell = (key: string) => plans.rows[0]?.[plans.columns.findIndex(column => column.key === key)] ?? ''
  const plan = cell('plan')
  const currency = plans.columns.find(column => column.key === 'cost')?.unit ?? ''
  return (
    <section className="panel" aria-label={t('last_plan')} data-testid="last-plan">
      <h2>{t('last_plan')}</h2>
      {plan === '' ? <p>{t('no_plan')}</p> : (
        <p>
          <a href={`#/plan/${plan}`}>{plan.slice(0, 16)}</a> <Status value={cell('plan_status')} /> {cell('phase') && <Status value={cell('phase')} />} {instant(cell('made'))}: {number(cell('carbon'))} kg CO₂e ({change(Number(cell('carbon')), Number(cell('carbon_baseline')))}), {number(cell('cost'))} {currency} ({change(Number(cell('cost')), Number(cell('cost_baseline')))})
        </p>
      )}
    </section>
  )
}
