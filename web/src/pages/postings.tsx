import { Button } from '@ui5/webcomponents-react/Button'
import { Input } from '@ui5/webcomponents-react/Input'
import { Label } from '@ui5/webcomponents-react/Label'
import { useState } from 'react'
import { get, type Overview, type Who } from '../api'
import { t } from '../i18n'
import { useLoad } from '../load'
import { Approvals, PostingBar } from '../posting'
import { SheetView } from '../sheet'
import { Trouble } from '../trouble'
import { Standing } from '../window'

export default function Postings({ who }: { who: Who }) {
  const { data, error, again } = useLoad('overview', () => get<Overview>('/overview'))
  const [typed, setTyped] = useState<string>()
  const month = typed ?? data?.period ?? ''
  const may = who.roles.includes('finance')
  return (
    <>
      <h1>{t('postings')}</h1>
      <Trouble error={error} again={again} />
      {may && data && (
        <section className="panel" aria-label={t('post_month')}>
          <h2>{t('post_month')}</h2>
          <div className="field"><Label for="month">{t('month')}</Label><Input id="month" accessibleName={t('month')} value={month} onInput={event => setTyped(event.target.value)} /></div>
          <PostingBar subject={{ month }} who={who} may />
        </section>
      )}
      {data && (
        <section className="panel" aria-label={t('report')}>
          <h2>{t('report')}</h2>
          <p>{t('report_what', month)}</p>
          <div className="bar">
            {(['pdf', 'xlsx'] as const).map(form => (
              <Button key={form} icon="download" data-testid={`report-${form}`} onClick={() => window.location.assign(`./api/v1/reports/${encodeURIComponent(month)}/${form}`)}>{form === 'pdf' ? 'PDF' : 'Excel'}</Button>
            ))}
          </div>
        </section>
      )}
      <Standing mayUndo={may} />
      <Approvals who={who} />
      <SheetView name="postings" title={t('postings')} hide={['evidence']} open={row => <a href={`#/explain/${row.change_set}`}>{t('explain')}</a>} />
      <SheetView name="posting-materials" title={t('posting_materials')} open={row => <a href={`#/explain/${row.change_set}`}>{t('explain')}</a>} />
      <SheetView name="inventory" title={t('inventory')} />
    </>
  )
}
