// What the shop floor makes of a plan: probabilities and bands from its simulation.
import type { PlanPage, Scattered } from './api'
import { number, percent } from './format'
import { t } from './i18n'
import { SheetView } from './sheet'

type Found = NonNullable<PlanPage['feasibility']>

export function Feasibility({ plan, found }: { plan: string; found: Found }) {
  const rows: [string, Scattered, (value: number) => string][] = [
    [t('punctuality'), found.punctuality, value => percent(value)],
    [`${t('energy')} [kWh]`, found.electricity_kwh, value => number(value)],
    [`${t('carbon')} [kg CO₂e]`, found.carbon_kg, value => number(value)],
  ]
  const asked = found.on_time_min === null ? '' : ` (${t('asked_for', percent(found.on_time_min))})`
  return (
    <>
      <section className="panel" aria-label={t('feasibility')} data-testid="feasibility">
        <h2>{t('feasibility')}</h2>
        <p>{found.postable ? '✓' : '!'} {t('on_time_as_planned', percent(found.on_time))}{asked}. {found.postable ? '' : t('not_postable')}</p>
        <div className="scroll" tabIndex={0} role="region" aria-label={t('feasibility')}>
          <table>
            <thead><tr><th scope="col"><span className="skip">{t('what')}</span></th><th scope="col" className="number">{t('plan')}</th><th scope="col" className="number">{t('tenth')}</th><th scope="col" className="number">{t('half')}</th><th scope="col" className="number">{t('nine_tenths')}</th></tr></thead>
            <tbody>{rows.map(([name, band, shown]) => <tr key={name}><th scope="row">{name}</th>{[band.planned, band.low, band.median, band.high].map((value, at) => <td key={at} className="number">{shown(value)}</td>)}</tr>)}</tbody>
          </table>
        </div>
        <p>{t('simulated', number(found.runs), found.seed)}</p>
      </section>
      <SheetView name="plan-likelihood" of={plan} title={t('likelihood')} limit={20} />
    </>
  )
}
