import { Button } from '@ui5/webcomponents-react/Button'
import { useState } from 'react'
import type { Who } from '../api'
import { Deciding } from '../deciding'
import { t } from '../i18n'
import { SheetView } from '../sheet'

export default function Findings({ who }: { who: Who }) {
  const [open, setOpen] = useState<string>()
  const may = who.roles.some(role => role === 'planner' || role === 'finance' || role === 'admin')
  return (
    <>
      <h1>{t('findings')}</h1>
      {open && <Deciding key={open} finding={open} may={may} close={() => setOpen(undefined)} />}
      <SheetView name="findings" title={t('findings')} open={row => row.finding && <Button design="Transparent" accessibleName={`${t('show')}: ${row.rule} ${row.subject}`} onClick={() => setOpen(row.finding)}>{t('show')}</Button>} />
      <SheetView name="corrections" title={t('corrections')} />
    </>
  )
}
