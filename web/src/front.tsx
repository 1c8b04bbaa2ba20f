// Other choices between carbon, cost and punctuality: the front with the chosen point, and its table.
import { useCallback } from 'react'
import type { PlanPage, Worth } from './api'
import { Chart, type Colors } from './chart'
import { number, percent, tick } from './format'
import { t } from './i18n'
import { sayOr } from './said'
import { SheetView } from './sheet'

type Point = NonNullable<PlanPage['front']>[number]

/** The diamond is the plan itself; a point of the front may be better by its weights, and the table names that one. */
export function Front({ plan, currency, worth, points }: { plan: string; currency: string; worth: Worth; points: Point[] }) {
  const option = useCallback(
    (colors: Colors) => {
      const shown = (name: string, of: Pick<Worth, 'carbon_kg' | 'cost' | 'punctuality'>) => ({ value: [of.carbon_kg, of.cost], name: `${name}: ${number(of.carbon_kg)} kg CO₂e, ${number(of.cost)} ${currency}, ${percent(of.punctuality)} ${t('punctuality')}` })
      const axis = { type: 'value', scale: true, nameLocation: 'middle', nameTextStyle: { color: colors.text }, axisLabel: { color: colors.text, formatter: tick }, splitLine: { lineStyle: { color: colors.border } } }
      return {
        grid: { left: 90, right: 30, top: 40, bottom: 60 },
        legend: { top: 0, textStyle: { color: colors.text } },
        tooltip: { trigger: 'item', formatter: (hit: { name: string }) => hit.name },
        xAxis: { ...axis, name: `${t('carbon')} [kg CO₂e]`, nameGap: 34 },
        yAxis: { ...axis, name: `${t('cost')} [${currency}]`, nameGap: 70 },
        series: [
          { name: t('other_choices'), type: 'scatter', symbol: 'circle', symbolSize: 10, color: colors.ordered[0], data: points.map(point => shown(sayOr(point.said, point.name), point)) },
          { name: t('this_plan'), type: 'scatter', symbol: 'diamond', symbolSize: 18, color: colors.ordered[4], data: [shown(t('this_plan'), worth)] },
        ],
      }
    },
    [points, worth, currency],
  )
  return (
    <>
      <section className="panel" aria-label={t('front')}>
        <h2>{t('front')}</h2>
        <Chart label={t('front')} height={320} option={option} test="front" />
      </section>
      <SheetView name="plan-choices" of={plan} title={t('front')} />
    </>
  )
}
