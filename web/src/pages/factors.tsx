import { t } from '../i18n'
import { SheetView } from '../sheet'

export default function Factors() {
  return (
    <>
      <h1>{t('factors')}</h1>
      <SheetView name="factors" title={t('factors')} />
    </>
  )
}
