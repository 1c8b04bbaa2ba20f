import { t } from '../i18n'
import { SheetView } from '../sheet'

export default function Findings() {
  return (
    <>
      <h1>{t('findings')}</h1>
      <SheetView name="findings" title={t('findings')} />
      <SheetView name="corrections" title={t('corrections')} />
    </>
  )
}
