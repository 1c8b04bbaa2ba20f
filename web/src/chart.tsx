// A chart that follows the theme and prints sharply. Its twin is a table beside it.
import { BarChart, CustomChart, HeatmapChart, LineChart, SankeyChart, ScatterChart } from 'echarts/charts'
import { AriaComponent, DataZoomComponent, GridComponent, LegendComponent, TooltipComponent, VisualMapComponent } from 'echarts/components'
import { init, use, type ECharts, type EChartsCoreOption } from 'echarts/core'
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers'
import { useEffect, useRef, useState } from 'react'

use([BarChart, CustomChart, HeatmapChart, LineChart, SankeyChart, ScatterChart, AriaComponent, DataZoomComponent, GridComponent, LegendComponent, TooltipComponent, VisualMapComponent, CanvasRenderer, SVGRenderer])

export interface Colors {
  text: string
  border: string
  ground: string
  ordered: string[]
}

function colors(): Colors {
  const style = getComputedStyle(document.documentElement)
  const of = (name: string, otherwise: string) => style.getPropertyValue(name).trim() || otherwise
  return {
    text: of('--sapTextColor', '#131e29'),
    border: of('--sapList_BorderColor', '#e5e5e5'),
    ground: of('--sapTile_Background', '#fff'),
    ordered: Array.from({ length: 10 }, (_, at) => of(`--sapChart_OrderedColor_${at + 1}`, '#0070f2')),
  }
}

/** `many` marks are painted on a canvas; fewer are drawn as SVG, which prints sharply. */
export function Chart({ label, height, option, test, many = false }: { label: string; height: number; option: (colors: Colors) => EChartsCoreOption; test?: string; many?: boolean }) {
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<ECharts>(undefined)
  const [theme, setTheme] = useState(0)
  useEffect(() => {
    const changed = () => setTheme(turn => turn + 1)
    window.addEventListener('carbide-theme', changed)
    return () => window.removeEventListener('carbide-theme', changed)
  }, [])
  useEffect(() => {
    const element = place.current
    if (!element) return
    const made = init(element, undefined, { renderer: many ? 'canvas' : 'svg' })
    chart.current = made
    const observer = new ResizeObserver(() => made.resize())
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.dispose()
    }
  }, [many])
  useEffect(() => {
    const now = colors()
    chart.current?.setOption({ textStyle: { color: now.text, fontFamily: 'inherit' }, color: now.ordered, aria: { enabled: true, decal: { show: true } }, animation: false, ...option(now) }, { notMerge: true })
  }, [option, theme])
  return <div ref={place} className="chart" style={{ height }} role="img" aria-label={label} data-testid={test} />
}
