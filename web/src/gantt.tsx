// Operations by work center, one after another within their shift, with the grid intensity behind.
import { useCallback, useMemo } from 'react'
import type { PlanPage } from './api'
import { Chart, type Colors } from './chart'
import { local, number, tick } from './format'
import { t } from './i18n'

/** Beyond this many operations, those of one material in one shift of a work center are one block: alone they would be thinner than a pixel. */
const MANY = 1_500
/** Minutes of a shift. */
const SHIFT = 480

interface Block {
  order: string
  material: string
  work_center: string
  bucket: number
  minutes: number
  count: number
}

function blocks(bars: PlanPage['bars']): Block[] {
  const whole = new Map<string, Block>()
  for (const bar of bars) {
    const key = `${bar.work_center} ${bar.bucket} ${bar.material}`
    const block = whole.get(key)
    if (block) {
      block.minutes += bar.minutes
      block.count += 1
    } else whole.set(key, { ...bar, count: 1 })
  }
  return [...whole.values()]
}

export function Gantt({ plan }: { plan: PlanPage }) {
  const { bars, shifts } = plan
  const centers = useMemo(() => [...new Set(bars.map(bar => bar.work_center))].sort(), [bars])
  const many = bars.length > MANY
  const drawn = useMemo(() => (many ? blocks(bars) : bars.map(bar => ({ ...bar, count: 1 }))), [bars, many])
  const option = useCallback(
    (colors: Colors) => {
      const row = new Map(centers.map((center, at) => [center, at]))
      const used = new Map<string, number>()
      const data = new Map<string, { value: number[]; name: string }[]>()
      for (const bar of drawn) {
        const at = row.get(bar.work_center) ?? 0
        const place = `${at} ${bar.bucket}`
        const begin = used.get(place) ?? 0
        used.set(place, begin + bar.minutes)
        const what = bar.count === 1 ? bar.order : `${bar.count} ${t('orders')}:`
        const of = data.get(bar.material) ?? []
        of.push({ value: [bar.bucket, at, begin, bar.minutes], name: `${what} ${bar.material} ${bar.work_center} ${number(bar.minutes)} ${t('minutes')}` })
        data.set(bar.material, of)
      }
      return {
        ...(many ? { aria: { enabled: true, decal: { show: false } } } : {}),
        grid: { left: 90, right: 70, top: 30, bottom: 105 },
        dataZoom: [{ type: 'slider', xAxisIndex: 0, height: 22, bottom: 8, textStyle: { color: colors.text } }],
        legend: { top: 0, left: 90, textStyle: { color: colors.text }, type: 'scroll', right: 70 },
        tooltip: { trigger: 'item' },
        xAxis: { type: 'category', data: shifts.map(shift => local(shift.start)), axisLabel: { color: colors.text, interval: 8, rotate: 30 } },
        yAxis: [
          { type: 'category', data: centers, axisLabel: { color: colors.text }, splitLine: { show: true, lineStyle: { color: colors.border } } },
          { type: 'value', name: 'kg/kWh', nameTextStyle: { color: colors.text }, axisLabel: { color: colors.text, formatter: tick }, splitLine: { show: false } },
        ],
        series: [
          { name: t('grid'), type: 'line', step: 'middle', yAxisIndex: 1, symbol: 'none', areaStyle: { opacity: 0.15 }, lineStyle: { width: 1 }, color: colors.ordered[3], data: shifts.map(shift => shift.grid_kg_per_kwh), z: 0 },
          // One series for each material, so that the legend names its color and can hide it.
          ...[...data].map(([material, of], at) => ({
            name: material,
            type: 'custom',
            color: colors.ordered[at % colors.ordered.length],
            renderItem: (_: unknown, api: { value: (at: number) => number; coord: (point: number[]) => [number, number]; size: (size: number[]) => [number, number] }) => {
              const [x, y] = api.coord([api.value(0), api.value(1)])
              const [width, height] = api.size([1, 1])
              const minutes = (of: number) => width * Math.min(1, of / SHIFT)
              const left = x - width / 2 + minutes(api.value(2))
              return { type: 'rect', shape: { x: left, y: y - height * 0.35, width: Math.max(many ? 0.5 : 2, minutes(api.value(3))), height: height * 0.7 }, style: { fill: colors.ordered[at % colors.ordered.length], ...(many ? {} : { stroke: colors.ground }) } }
            },
            encode: { x: 0, y: 1 },
            data: of,
          })),
        ],
      }
    },
    [drawn, shifts, centers, many],
  )
  return <section className="panel" aria-label={t('gantt')}><h2>{t('gantt')}</h2><Chart key={String(many)} label={t('gantt')} height={155 + 60 * centers.length} option={option} many={many} test="gantt" /></section>
}
