import { useCallback } from 'react'
import { get, type Sheet } from '../api'
import { Chart, type Colors } from '../chart'
import { t } from '../i18n'
import { useLoad } from '../load'
import { SheetView } from '../sheet'
import { Trouble } from '../trouble'

export default function Energy() {
  const hours = useLoad('hours', () => get<Sheet>('/tables/energy-hours?limit=10000'))
  const shares = useLoad('shares', () => get<Sheet>('/tables/energy?limit=10000'))
  const heat = useCallback(
    (colors: Colors) => {
      const rows = hours.data?.rows ?? []
      const days = [...new Set(rows.map(row => row[1] ?? ''))]
      const values = rows.map(row => [days.indexOf(row[1] ?? ''), Number(row[2]), row[3] === '' ? '-' : Number(row[3])])
      const most = Math.max(1, ...values.map(value => (typeof value[2] === 'number' ? value[2] : 0)))
      return {
        grid: { left: 50, right: 20, top: 30, bottom: 90 },
        tooltip: {},
        xAxis: { type: 'category', data: days.map(day => day.slice(5)), axisLabel: { color: colors.text } },
        yAxis: { type: 'category', data: Array.from({ length: 24 }, (_, hour) => String(hour)), name: t('hour'), nameTextStyle: { color: colors.text }, axisLabel: { color: colors.text } },
        visualMap: { min: 0, max: most, orient: 'horizontal', left: 'center', bottom: 0, text: ['kWh', ''], textStyle: { color: colors.text }, inRange: { color: [colors.ground, colors.ordered[0]] } },
        series: [{ type: 'heatmap', data: values }],
      }
    },
    [hours.data],
  )
  const flow = useCallback(
    (colors: Colors) => {
      const links = new Map<string, number>()
      const meter = hours.data?.rows[0]?.[0] ?? t('col_meter')
      for (const row of shares.data?.rows ?? []) {
        const center = row[1] || `${t('col_cost_center')} ${row[0]}`
        const kwh = Number(row[4])
        const add = (from: string, to: string) => links.set(`${from}\n${to}`, (links.get(`${from}\n${to}`) ?? 0) + kwh)
        add(meter, center)
        if (row[2]) add(center, row[2])
      }
      const nodes = new Set([...links.keys()].flatMap(key => key.split('\n')))
      return {
        tooltip: {},
        series: [{
          type: 'sankey', left: 20, right: 160, label: { color: colors.text },
          data: [...nodes].map(name => ({ name })),
          links: [...links].map(([key, value]) => { const [source, target] = key.split('\n'); return { source, target, value: Math.round(value) } }),
        }],
      }
    },
    [hours.data, shares.data],
  )
  return (
    <>
      <h1>{t('energy')}</h1>
      <Trouble error={hours.error ?? shares.error} again={() => { hours.again(); shares.again() }} />
      <section className="panel" aria-label={t('sankey')}><h2>{t('sankey')}, kWh</h2>{shares.data && hours.data && <Chart label={t('sankey')} height={360} option={flow} test="sankey" />}</section>
      <section className="panel" aria-label={t('heat_map')}><h2>{t('heat_map')}</h2>{hours.data && <Chart label={t('heat_map')} height={420} option={heat} test="heat" />}</section>
      <SheetView name="energy" title={t('energy')} />
      <SheetView name="energy-hours" title={t('heat_map')} />
    </>
  )
}
