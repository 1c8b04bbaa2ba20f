import { useCallback, useMemo } from 'react'
import { get, type PlanPage, type Who } from '../api'
import { Chart, type Colors } from '../chart'
import { Feasibility } from '../feasibility'
import { Front } from '../front'
import { useEvents } from '../events'
import { change, instant, local, number, percent } from '../format'
import { t } from '../i18n'
import { useLoad } from '../load'
import { PostingBar } from '../posting'
import { SheetView, Status } from '../sheet'
import { Trouble } from '../trouble'
import { ChangeSetView } from '../window'

export default function Plan({ who, plan }: { who: Who; plan: string }) {
  const { data, error, again } = useLoad(`plan-${plan}`, () => get<PlanPage>(`/plans/${plan}`))
  useEvents(kind => {
    if (kind === 'change_set' || kind === 'anew') again()
  })
  const centers = useMemo(() => [...new Set(data?.bars.map(bar => bar.work_center) ?? [])].sort(), [data])
  const option = useCallback(
    (colors: Colors) => {
      const materials = [...new Set(data?.bars.map(bar => bar.material) ?? [])]
      return {
        grid: { left: 90, right: 70, top: 30, bottom: 70 },
        legend: { top: 0, left: 90, textStyle: { color: colors.text }, data: [t('grid')] },
        tooltip: { trigger: 'item' },
        xAxis: { type: 'category', data: data?.shifts.map(shift => local(shift.start)), axisLabel: { color: colors.text, interval: 8, rotate: 30 } },
        yAxis: [
          { type: 'category', data: centers, axisLabel: { color: colors.text }, splitLine: { show: true, lineStyle: { color: colors.border } } },
          { type: 'value', name: 'kg/kWh', nameTextStyle: { color: colors.text }, axisLabel: { color: colors.text }, splitLine: { show: false } },
        ],
        series: [
          { name: t('grid'), type: 'line', step: 'middle', yAxisIndex: 1, symbol: 'none', areaStyle: { opacity: 0.15 }, lineStyle: { width: 1 }, color: colors.ordered[3], data: data?.shifts.map(shift => shift.grid_kg_per_kwh), z: 0 },
          {
            name: t('orders'),
            type: 'custom',
            renderItem: (_: unknown, api: { value: (at: number) => number; coord: (point: number[]) => [number, number]; size: (size: number[]) => [number, number] }) => {
              const [x, y] = api.coord([api.value(0), api.value(1)])
              const [width, height] = api.size([1, 1])
              const share = Math.min(1, api.value(2) / 480)
              return { type: 'rect', shape: { x: x - width / 2, y: y - height * 0.35, width: Math.max(2, width * share), height: height * 0.7 }, style: { fill: colors.ordered[api.value(3) % colors.ordered.length], stroke: colors.ground } }
            },
            encode: { x: 0, y: 1 },
            data: data?.bars.map(bar => ({ value: [bar.bucket, centers.indexOf(bar.work_center), bar.minutes, materials.indexOf(bar.material)], name: `${bar.order} ${bar.material} ${bar.work_center} ${number(bar.minutes)} ${t('minutes')}` })),
          },
        ],
      }
    },
    [data, centers],
  )
  if (!data) return <><h1>{t('plan')}</h1><Trouble error={error} again={again} /></>
  const { worth, baseline } = data
  const rows: [string, string, string, string][] = [
    [`${t('carbon')} [kg CO₂e]`, number(baseline.carbon_kg), number(worth.carbon_kg), change(worth.carbon_kg, baseline.carbon_kg)],
    [`${t('cost')} [EUR]`, number(baseline.cost), number(worth.cost), change(worth.cost, baseline.cost)],
    [t('punctuality'), percent(baseline.punctuality), percent(worth.punctuality), change(worth.punctuality, baseline.punctuality)],
    [t('night_share'), percent(baseline.night_share), percent(worth.night_share), change(worth.night_share, baseline.night_share)],
    [t('low_carbon'), percent(baseline.low_carbon_ratio), percent(worth.low_carbon_ratio), change(worth.low_carbon_ratio, baseline.low_carbon_ratio)],
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
      <section className="panel" aria-label={t('gantt')}><h2>{t('gantt')}</h2><Chart label={t('gantt')} height={120 + 60 * centers.length} option={option} test="gantt" /></section>
      {data.conflict && (
        <section className="panel" aria-label={t('conflicting')}>
          <h2>{t('conflicting')}</h2>
          <p>✕ {data.conflict.text}</p>
          <ul>{data.conflict.relaxing.map(one => <li key={one}>{one}</li>)}</ul>
        </section>
      )}
      {data.front && <Front plan={data.plan} points={data.front} />}
      {data.feasibility && <Feasibility plan={data.plan} found={data.feasibility} />}
      {data.quarters.length > 0 && (
        <section className="panel" aria-label={t('of_budget')}>
          <h2>{t('of_budget')}</h2>
          <ul>{data.quarters.map(one => <li key={`${one.quarter}-${one.scopes.join()}`}>{one.quarter}: {number(one.planned_kg)} kg / {number(one.budget_kg)} kg CO₂e ({percent(one.planned_kg / one.budget_kg)})</li>)}</ul>
        </section>
      )}
      <SheetView name="plan-reasons" of={data.plan} title={t('reasons')} />
      <SheetView name="plan-orders" of={data.plan} title={t('orders')} />
      {data.unplannable.length > 0 && <section className="panel" aria-label={t('unplannable')}><h2>{t('unplannable')}</h2><ul>{data.unplannable.map(one => <li key={one.demand}>{one.demand}: {one.reason}</li>)}</ul></section>}
      <section className="panel" aria-label={t('certificate')}>
        <h2>{t('certificate')}</h2>
        <table>
          <tbody>
            <tr><th scope="row">FV</th><td>{number(worth.fv, 6)}</td></tr>
            <tr><th scope="row">{t('bound')}</th><td>{number(data.upper_bound, 6)}</td></tr>
            <tr><th scope="row">{t('gap')}</th><td>{worth.fv === null ? '–' : percent((data.upper_bound - worth.fv) / data.upper_bound, 3)}</td></tr>
            <tr><th scope="row">{t('seed')}</th><td>{data.seed}</td></tr>
            <tr><th scope="row">{t('col_made')}</th><td>{instant(data.made)}</td></tr>
            <tr><th scope="row">{t('plan')}</th><td>{data.plan}</td></tr>
            <tr><th scope="row">{t('facts')}</th><td>{data.facts}</td></tr>
            <tr><th scope="row">{t('version')}</th><td>{data.code_version}</td></tr>
          </tbody>
        </table>
      </section>
    </>
  )
}
