import { useCallback, useEffect, useState } from 'react'
import { ApiError } from './api'

export interface Loaded<T> {
  data?: T
  error?: ApiError
  busy: boolean
  again: () => void
}

/** Loads when `key` changes and when `again` is called; what was there stays until the new is. */
export function useLoad<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: ApiError; busy: boolean }>({ key, busy: true })
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    let current = true
    setState(before => ({ key, data: before.key === key ? before.data : undefined, busy: true }))
    load().then(
      data => current && setState({ key, data, busy: false }),
      (reason: unknown) => {
        if (!current) return
        const error = reason instanceof ApiError ? reason : new ApiError({ status: 0, code: 'PAGE', detail: String(reason) })
        setState(before => ({ ...before, error, busy: false }))
      },
    )
    return () => {
      current = false
    }
    // `load` is as new as `key`.
  }, [key, turn])
  const again = useCallback(() => setTurn(turn => turn + 1), [])
  return { data: state.data, error: state.error, busy: state.busy, again }
}
