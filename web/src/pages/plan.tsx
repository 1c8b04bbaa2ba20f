import { get, type PlanPage, type Who } from '../api'
import { Feasibility } from '../feasibility'
import { Front } from '../front'
import { Gantt } from '../gantt'
import { useEvents } from '../events'
import { change, instant, number, percent, points } from '../format'
import { t } from '../i18n'
import { useLoad } from '../load'
import { MakePlan } from '../making'
import { PostingBar } from '../posting'
import { said, sayOr } from '../said'
import { SheetView, Status } from '../sheet'
import { Trouble } from '../trouble'
import { ChangeSetView } from '../window'

export default function Plan({ who, plan }: { who: Who; plan: string }) {
  const { data, error, again } = useLoad(`plan-${plan}`, () => get<PlanPage>(`/plans/${plan}`))
  useEvents(kind => {
    if (kind === 'change_set' || kind === 'anew') again()
  })
  if (!data) return <><h1>{t('plan')}</h1><Trouble error={error} again={again} /></>
  const { worth, baseline } = data
  const rows: [string, string, string, string][] = [
    [`${t('carbon')} [kg CO₂e]`, number(baseline.carbon_kg), number(worth.carbon_kg), change(worth.carbon_kg, baseline.carbon_kg)],
    [`${t('cost')} [${data.currency}]`, number(baseline.cost), number(worth.cost), change(worth.cost, baseline.cost)],
    [t('punctuality'), percent(baseline.punctuality), percent(worth.punctuality), points(worth.punctuality, baseline.punctuality)],
    [t('night_share'), percent(baseline.night_share), percent(worth.night_share), points(worth.night_share, baseline.night_share)],
    [t('low_carbon'), percent(baseline.low_carbon_ratio), percent(worth.low_carbon_ratio), points(worth.low_carbon_ratio, baseline.low_carbon_ratio)],
  ]
  const may = who.roles.includes('planner')
  return (
    <>
      <h1>{t('plan')} {data.plan.slice(0, 16)} <Status value={data.status} /></h1>
      {data.change_set ? <ChangeSetView id={data.change_set} mayUndo={may} /> : null}
      <PostingBar subject={{ plan: data.plan }} who={who} may={may} />
      <section className="panel" aria-label={t('compare')}>
        <h2>{t('compare')}</h2>
        <div className="scroll" tabIndex={0} role="region" aria-label={t('compare')}>
          <table>
            <thead><tr><th scope="col"><span className="skip">{t('what')}</span></th><th scope="col" className="number">{t('today')}</th><th scope="col" className="number">{t('plan')}</th><th scope="col" className="number">{t('change')}</th></tr></thead>
            <tbody>{rows.map(([name, ...values]) => <tr key={name}><th scope="row">{name}</th>{values.map((value, at) => <td key={at} className="number">{value}</td>)}</tr>)}</tbody>
          </table>
        </div>
        <p>{worth.violations.length === 0 ? `✓ ${t('breaks_nothing')}` : `✕ ${t('breaks')}: ${worth.violations.join(', ')}`}</p>
      </section>
      <Gantt plan={data} />
      {data.conflict && (
        <section className="panel" aria-label={t('conflicting')}>
          <h2>{t('conflicting')}</h2>
          <p>✕ {sayOr(data.conflict.said, data.conflict.text)}</p>
          <ul>{data.conflict.relaxing_said.map(one => <li key={one.text}>{said(one)}</li>)}</ul>
        </section>
      )}
      {data.front && <Front plan={data.plan} currency={data.currency} worth={worth} points={data.front} />}
      {may && <MakePlan key={data.plan} title={t('next_plan')} note={t('next_plan_what')} weights={data.weights} alike={data.front !== null} />}
      {data.feasibility && <Feasibility plan={data.plan} found={data.feasibility} />}
      {data.quarters.length > 0 && (
        <section className="panel" aria-label={t('of_budget')}>
          <h2>{t('of_budget')}</h2>
          <ul>{data.quarters.map(one => <li key={`${one.quarter}-${one.scopes.join()}`}>{one.quarter}: {number(one.planned_kg)} kg / {number(one.budget_kg)} kg CO₂e ({percent(one.planned_kg / one.budget_kg)})</li>)}</ul>
        </section>
      )}
      <SheetView name="plan-reasons" of={data.plan} title={t('reasons')} />
      <SheetView name="plan-orders" of={data.plan} title={t('orders')} />
      <SheetView name="plan-operations" of={data.plan} title={t('operations')} limit={20} />
      <SheetView name="plan-shifts" of={data.plan} title={t('shifts')} limit={21} />
      {data.unplannable.length > 0 && <section className="panel" aria-label={t('unplannable')}><h2>{t('unplannable')}</h2><ul>{data.unplannable.map(one => <li key={one.demand}>{one.demand}: {sayOr(one.said, one.reason)}</li>)}</ul></section>}
      <section className="panel" aria-label={t('certificate')}>
        <h2>{t('certificate')}</h2>
        <table>
          <tbody>
            <tr><th scope="row">FV</th><td>{number(worth.fv, 6)}</td></tr>
            <tr><th scope="row">{t('bound')}</th><td>{number(data.upper_bound, 6)}</td></tr>
            <tr><th scope="row">{t('gap')}</th><td>{worth.fv === null ? '–' : percent((data.upper_bound - worth.fv) / data.upper_bound, 3)}</td></tr>
            <tr><th scope="row">{t('seed')}</th><td>{data.seed}</td></tr>
            <tr><th scope="row">{t('col_made')}</th><td>{instant(data.made)}</td></tr>
            <tr><th scope="row">{t('plan')}</th><td className="hash">{data.plan}</td></tr>
            <tr><th scope="row">{t('facts')}</th><td className="hash">{data.facts}</td></tr>
            <tr><th scope="row">{t('version')}</th><td>{data.code_version}</td></tr>
          </tbody>
        </table>
      </section>
    </>
  )
}
