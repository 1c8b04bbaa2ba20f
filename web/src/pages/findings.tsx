import { Button } from '@ui5/webcomponents-react/Button'
import { useState } from 'react'
import type { Who } from '../api'
import { Deciding } from '../deciding'
import { DecidingTogether } from '../deciding_together'
import { t } from '../i18n'
import { RightReadingsUpload } from '../right_readings'
import { SheetView } from '../sheet'

const DECIDED = ['accepted', 'corrected']

export default function Findings({ who }: { who: Who }) {
  const [open, setOpen] = useState<string>()
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [decided, setDecided] = useState(0)
  const done = () => setDecided(times => times + 1)
  const may = who.roles.some(role => role === 'planner' || role === 'finance' || role === 'admin')
  const change = (key: string, isChosen: boolean) =>
    setChosen(before => new Set(isChosen ? [...before, key] : [...before].filter(other => other !== key)))
  const choice = {
    chosen,
    key: (row: Record<string, string>) =>
      row.finding && !DECIDED.includes(row.finding_state ?? '') ? { key: row.finding, name: `${row.rule} ${row.subject}` } : undefined,
    change,
  }
  return (
    <>
      <h1>{t('findings')}</h1>
      {open && <Deciding key={open} finding={open} may={may} close={() => { setOpen(undefined); done() }} />}
      {may && chosen.size > 0 && <DecidingTogether findings={[...chosen]} done={() => { setChosen(new Set()); done() }} />}
      <SheetView name="findings" title={t('findings')} since={decided} {...(may ? { choose: choice } : {})} open={row => row.finding && <Button design="Transparent" accessibleName={`${t('show')}: ${row.rule} ${row.subject}`} onClick={() => setOpen(row.finding)}>{t('show')}</Button>} />
      {may && <RightReadingsUpload />}
      <SheetView name="corrections" title={t('corrections')} />
    </>
  )
}
