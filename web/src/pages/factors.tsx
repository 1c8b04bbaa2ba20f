import { Button } from '@ui5/webcomponents-react/Button'
import { useState } from 'react'
import { t } from '../i18n'
import { SheetView } from '../sheet'

export default function Factors() {
  const [version, setVersion] = useState<string>()
  return (
    <>
      <h1>{t('factors')}</h1>
      <SheetView name="factor-versions" title={t('factor_versions')} open={row => <Button design="Transparent" accessibleName={`${t('compare_version')}: ${row.version}`} onClick={() => setVersion(row.version)}>{t('compare_version')}</Button>} />
      {version && (
        <>
          <SheetView key={`d-${version}`} name="factor-differences" of={version} title={t('factor_differences', version)} />
          <SheetView key={`e-${version}`} name="factor-effects" of={version} title={t('factor_effects', version)} />
        </>
      )}
      <SheetView name="factors" title={t('factors')} />
    </>
  )
}
