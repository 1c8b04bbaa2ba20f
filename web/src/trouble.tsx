import { Button } from '@ui5/webcomponents-react/Button'
import { MessageStrip } from '@ui5/webcomponents-react/MessageStrip'
import type { ApiError } from './api'
import { t } from './i18n'
import { sayOr } from './said'

/** What went wrong, as the server says it, and a way to try again. */
export function Trouble({ error, again }: { error?: ApiError | undefined; again?: (() => void) | undefined }) {
  if (!error) return null
  const text = error.problem.code === 'OFFLINE' ? t('offline') : error.problem.status === 401 ? t('session_over') : sayOr(error.problem.said, error.problem.detail)
  return (
    <div role="alert">
      <MessageStrip design="Negative" hideCloseButton>
        {error.problem.code !== 'OFFLINE' && <strong>{error.problem.code} </strong>}
        {text}
      </MessageStrip>
      {again && <Button onClick={again}>{t('retry')}</Button>}
    </div>
  )
}
