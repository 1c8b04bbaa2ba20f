import type { Who } from '../api'
import { t } from '../i18n'
import { MakePlan } from '../making'
import { Approvals } from '../posting'
import { SheetView } from '../sheet'
import { Standing } from '../window'

export default function Plans({ who }: { who: Who }) {
  return (
    <>
      <h1>{t('plans')}</h1>
      {who.roles.includes('planner') && <MakePlan title={t('make_plan')} weights={[0.4, 0.3, 0.3]} />}
      <Standing mayUndo={who.roles.includes('planner')} />
      <Approvals who={who} />
      <SheetView name="plans" title={t('plans')} open={row => <a href={`#/plan/${row.plan}`}>{t('open_plan')}</a>} />
      <SheetView name="change-sets" title={t('change_sets')} />
      <SheetView name="planned-orders" title={t('col_planned_order')} limit={100} />
    </>
  )
}
