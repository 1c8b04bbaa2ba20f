import { Option } from '@ui5/webcomponents-react/Option'
import { Label } from '@ui5/webcomponents-react/Label'
import { Select } from '@ui5/webcomponents-react/Select'
import { useCallback, useState } from 'react'
import { get, type Sheet } from '../api'
import { Chart, type Colors } from '../chart'
import { number, percent, tick } from '../format'
import { named, t } from '../i18n'
import { useLoad } from '../load'
import { SheetView } from '../sheet'
import { Trouble } from '../trouble'

const UNITS = { energy: 'kWh', carbon: 'kg CO₂e' } as const
type Shown = keyof typeof UNITS
/** Users of energy that are named as the largest. */
const LARGEST = 5

/** The cells of a column by its key. */
const cells = (sheet: Sheet | undefined, key: string) => {
  const at = sheet?.columns.findIndex(column => column.key === key) ?? -1
  return (sheet?.rows ?? []).map(row => row[at] ?? '')
}

export default function Energy() {
  const [shown, setShown] = useState<Shown>('energy')
  const hours = useLoad('hours', () => get<Sheet>('/tables/energy-hours?limit=10000'))
  const shares = useLoad('shares', () => get<Sheet>('/tables/energy?limit=10000'))
  const flows = useLoad('flows', () => get<Sheet>('/tables/flows?limit=10000'))
  const tree = useLoad('tree', () => get<Sheet>('/tables/meter-tree?limit=10000'))
  const machines = useLoad('machines', () => get<Sheet>('/tables/equipment-days?limit=10000'))
  const media = useLoad('media', () => get<Sheet>('/tables/media?limit=10000'))
  const all = [hours, shares, flows, tree, machines, media]
  const hasTree = (tree.data?.total ?? 0) > 0
  const byHour = useCallback(
    (colors: Colors) => {
      const [days, at, kwh] = [cells(hours.data, 'day'), cells(hours.data, 'hour'), cells(hours.data, 'energy')]
      const names = Array.from({ length: 24 }, (_, hour) => String(hour))
      return heat(colors, days, at.map(hour => names.indexOf(hour)), kwh, names, t('hour'))
    },
    [hours.data],
  )
  const byMachine = useCallback(
    (colors: Colors) => {
      const [days, of, kwh] = [cells(machines.data, 'day'), cells(machines.data, 'equipment'), cells(machines.data, 'energy')]
      const names = [...new Set(of)].sort().reverse()
      return heat(colors, days, of.map(name => names.indexOf(name)), kwh, names, '')
    },
    [machines.data],
  )
  const flow = useCallback((colors: Colors) => sankey(colors, flows.data, shown), [flows.data, shown])
  const measured = useCallback(
    (colors: Colors) => {
      const names = indented(tree.data)
      const bar = (name: string, key: string, color: string | undefined) => ({ name, type: 'bar', color, data: cells(tree.data, key).map(value => (value === '' ? null : Number(value))) })
      return {
        grid: { left: 150, right: 30, top: 40, bottom: 40 },
        legend: { top: 0, textStyle: { color: colors.text } },
        tooltip: { trigger: 'axis', valueFormatter: (value: number | null) => (value === null ? '–' : `${number(value)} ${unitOf(tree.data)}`) },
        xAxis: { type: 'value', name: unitOf(tree.data), nameLocation: 'middle', nameGap: 26, nameTextStyle: { color: colors.text }, axisLabel: { color: colors.text, formatter: tick }, splitLine: { lineStyle: { color: colors.border } } },
        yAxis: { type: 'category', inverse: true, data: names, axisLabel: { color: colors.text } },
        series: [bar(t('col_measured'), 'measured', colors.ordered[0]), bar(t('col_reconciled'), 'reconciled', colors.ordered[4])],
      }
    },
    [tree.data],
  )
  return (
    <>
      <h1>{t('energy')}</h1>
      <Trouble error={all.find(one => one.error)?.error} again={() => all.forEach(one => one.again())} />
      <section className="panel" aria-label={t('sankey')}>
        <h2>{t('sankey')}, {UNITS[shown]}</h2>
        <div className="field">
          <Label for="flow">{t('flow_shows')}</Label>
          <Select id="flow" accessibleName={t('flow_shows')} value={shown} onChange={event => setShown(event.detail.selectedOption.value as Shown)}>
            {(Object.keys(UNITS) as Shown[]).map(one => <Option key={one} value={one}>{t(one)} [{UNITS[one]}]</Option>)}
          </Select>
        </div>
        {flows.data && <Chart label={`${t('sankey')}, ${UNITS[shown]}`} height={460} option={flow} test="sankey" />}
        {shares.data && <Hotspots of={shares.data} shown={shown} />}
      </section>
      <section className="panel" aria-label={t('heat_map')}><h2>{t('heat_map')}</h2>{hours.data && <Chart label={t('heat_map')} height={420} option={byHour} test="heat" />}</section>
      {hasTree && <section className="panel" aria-label={t('meter_tree')}><h2>{t('meter_tree')}</h2><Chart label={t('meter_tree')} height={80 + 44 * (tree.data?.total ?? 0)} option={measured} test="meter-tree" /></section>}
      {(machines.data?.total ?? 0) > 0 && <section className="panel" aria-label={t('equipment_days')}><h2>{t('equipment_days')}</h2><Chart label={t('equipment_days')} height={150 + 30 * new Set(cells(machines.data, 'equipment')).size} option={byMachine} test="equipment-heat" /></section>}
      <SheetView name="flows" title={t('sankey')} />
      <SheetView name="energy" title={t('energy')} />
      <SheetView name="energy-hours" title={t('heat_map')} />
      {hasTree && <SheetView name="meter-tree" title={t('meter_tree')} />}
      {hasTree && <SheetView name="equipment-days" title={t('equipment_days')} />}
      {(media.data?.total ?? 0) > 0 && <SheetView name="media" title={t('media')} />}
    </>
  )
}

/**
 * From what is bought to what is made. A chart of flows has no circles and no flow below zero: where material
 * goes back to where it came from, as scrap that is molten again, and for credits, see the table.
 */
function sankey(colors: Colors, sheet: Sheet | undefined, shown: Shown) {
  const [from, to, values] = [places(sheet, 'from'), places(sheet, 'to'), cells(sheet, shown).map(Number)]
  const next = new Map<string, Set<string>>()
  const leads = (one: string, other: string): boolean => one === other || [...(next.get(one) ?? [])].some(then => leads(then, other))
  const links = from.flatMap((source, at) => {
    const [target, value] = [to[at]!, values[at]!]
    if (!(value > 0) || leads(target, source)) return []
    next.set(source, (next.get(source) ?? new Set()).add(target))
    return [{ source, target, value }]
  })
  const nodes = new Set(links.flatMap(link => [link.source, link.target]))
  return {
    tooltip: { valueFormatter: (value: number) => `${number(value)} ${UNITS[shown]}` },
    series: [{ type: 'sankey', left: 20, right: 160, nodeGap: 12, label: { color: colors.text }, data: [...nodes].map(name => ({ name })), links }],
  }
}

/** The places at one end of the flows, in words. */
function places(sheet: Sheet | undefined, end: 'from' | 'to'): string[] {
  const kinds = cells(sheet, `${end}_kind`)
  return cells(sheet, end).map((name, at) => (kinds[at] === 'source' ? named('source', name) : name))
}

/** The largest users, with their share of all. */
function Hotspots({ of, shown }: { of: Sheet; shown: Shown }) {
  const [centers, costCenters, materials, values] = [cells(of, 'work_center'), cells(of, 'cost_center'), cells(of, 'material'), cells(of, shown).map(Number)]
  const sums = new Map<string, number>()
  values.forEach((value, at) => {
    const name = centers[at] ? `${centers[at]}, ${materials[at]}` : `${t('col_cost_center')} ${costCenters[at]}`
    sums.set(name, (sums.get(name) ?? 0) + value)
  })
  const all = values.reduce((sum, value) => sum + value, 0)
  const largest = [...sums].sort((one, other) => other[1] - one[1]).slice(0, LARGEST)
  return (
    <>
      <h3>{t('hotspots')}</h3>
      <ol data-testid="hotspots">{largest.map(([name, value]) => <li key={name}>{name}: {number(value)} {UNITS[shown]} ({percent(all === 0 ? 0 : value / all)})</li>)}</ol>
    </>
  )
}

const unitOf = (sheet: Sheet | undefined) => sheet?.columns.find(column => column.key === 'reconciled')?.unit ?? ''

/** Names of the nodes with what they are, each below its parent and further in. */
function indented(sheet: Sheet | undefined): string[] {
  const [ids, parents, kinds] = [cells(sheet, 'meter'), cells(sheet, 'below'), cells(sheet, 'kind')]
  const depth = (at: number): number => {
    const parent = ids.indexOf(parents[at] ?? '')
    return parent < 0 ? 0 : 1 + depth(parent)
  }
  return ids.map((id, at) => `${'· '.repeat(depth(at))}${id} (${named('key', kinds[at] ?? '')})`)
}

function heat(colors: Colors, of: string[], rows: number[], kwh: string[], names: string[], name: string) {
  const days = [...new Set(of)]
  const values = of.map((day, at) => [days.indexOf(day), rows[at] ?? 0, kwh[at] === '' ? '-' : Number(kwh[at])])
  const most = Math.max(1, ...values.map(value => (typeof value[2] === 'number' ? value[2] : 0)))
  return {
    grid: { left: 90, right: 20, top: 30, bottom: 90 },
    tooltip: { valueFormatter: (value: number | string) => (typeof value === 'number' ? `${number(value, 1)} kWh` : '–') },
    xAxis: { type: 'category', data: days.map(day => day.slice(5)), axisLabel: { color: colors.text } },
    yAxis: { type: 'category', data: names, name, nameTextStyle: { color: colors.text }, axisLabel: { color: colors.text } },
    visualMap: { min: 0, max: most, orient: 'horizontal', left: 'center', bottom: 0, text: [`${number(most)} kWh`, '0'], textStyle: { color: colors.text }, inRange: { color: [colors.ground, colors.ordered[0]] } },
    series: [{ type: 'heatmap', data: values }],
  }
}
